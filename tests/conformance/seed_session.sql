-- The examples of CockroachDB's documentation, "Take and Restore Encrypted Backups" (v20.2), as they are printed there.
-- The second one has a typing error in the documentation, and fails as it does on a real cluster.
\set errexit=false

> BACKUP TO 's3://test/backups/test_kms?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456'
    WITH kms = 'aws:///<cmk>?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';

> BACKUP TO 's3://test/backups/test_explicit_kms_2?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456'
    WITH KMS=(
      'aws:///<cmk>?AUTH=implicit&REGION=us-east-1',
      'aws:///<cmk>?AUTH=implict&REGION=us-west-1'
    );

-- The same with the word mended, and a key for each region.
> BACKUP TO 's3://test/backups/test_explicit_kms_2?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456'
    WITH KMS=(
      'aws:///<cmk-east>?AUTH=implicit&REGION=us-east-1',
      'aws:///<cmk-west>?AUTH=implicit&REGION=us-west-1'
    );

-- A cluster is restored into an empty one.
DROP DATABASE movr CASCADE;

> RESTORE FROM 's3://test/backups/test_kms?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456'
    WITH kms = 'aws:///<cmk>?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';

DROP DATABASE movr CASCADE;

> RESTORE FROM 's3://test/backups/test_explicit_kms_2?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456'
    WITH KMS=('aws:///<cmk-west>?AUTH=implicit&REGION=us-west-1');

> BACKUP TO \
'gs://acme-co-backup/test-cluster' \
WITH encryption_passphrase = 'password123';

DROP DATABASE movr CASCADE;

> RESTORE FROM \
'gs://acme-co-backup/test-cluster' \
WITH encryption_passphrase = 'password123';

> SHOW BACKUP 'gs://acme-co-backup/test-cluster'
    WITH encryption_passphrase = 'password123';

> SHOW BACKUP 's3://test/backups/test_explicit_kms_2?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456'
    WITH kms = 'aws:///<cmk-east>?AUTH=implicit&REGION=us-east-1';

SELECT count(*) AS users FROM movr.users;
SELECT count(*) AS locations FROM movr.vehicle_location_histories
