-- Statements of every shape that CockroachDB's documentation shows (v20.2 to v26.3), placeholders filled in.
-- A heading names the node that the statements below it become.

-- @ AlterBackup
ALTER BACKUP LATEST IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' ADD NEW_KMS = 'aws:///new?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1' WITH OLD_KMS = 'aws:///old?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
ALTER BACKUP '2022/03/23-213101.37' IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' ADD NEW_KMS = 'aws:///new?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1' WITH OLD_KMS = 'aws:///old?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
ALTER BACKUP LATEST IN 'azure-blob://acme?AUTH=specified&AZURE_ACCOUNT_NAME=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_TENANT_ID=x' ADD NEW_KMS = 'azure-kms:///new/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault' WITH OLD_KMS = 'azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault';
ALTER BACKUP '2023/03/14-203808.29' IN 'azure-blob://acme?AUTH=specified&AZURE_ACCOUNT_NAME=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_TENANT_ID=x' ADD NEW_KMS = 'azure-kms:///new/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault' WITH OLD_KMS = 'azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault';
ALTER BACKUP LATEST IN 'gs://acme?AUTH=specified&CREDENTIALS=k1' ADD NEW_KMS = 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/n?AUTH=specified&CREDENTIALS=k1' WITH OLD_KMS = 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/o?AUTH=specified&CREDENTIALS=k1';
ALTER BACKUP '2022/03/23-213101.37' IN 'gs://acme?AUTH=specified&CREDENTIALS=k1' ADD NEW_KMS = 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/n?AUTH=specified&CREDENTIALS=k1' WITH OLD_KMS = 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/o?AUTH=specified&CREDENTIALS=k1';

-- @ AlterBackupSchedule
ALTER BACKUP SCHEDULE 27536791415282 SET INTO 'external://bucket', SET LABEL gcs_backups;
ALTER BACKUP SCHEDULE 27536791415282 SET FULL BACKUP '@daily', SET RECURRING '@hourly';
ALTER BACKUP SCHEDULE 27536791415282 SET SCHEDULE OPTION on_previous_running = 'start', SET WITH revision_history;
ALTER BACKUP SCHEDULE 27536791415282 EXECUTE IMMEDIATELY;
ALTER BACKUP SCHEDULE 27536791415282 EXECUTE FULL IMMEDIATELY;
ALTER BACKUP SCHEDULE 27536791415282 SET SCHEDULE OPTION on_previous_running = 'start', SET WITH incremental_location = 'external://bucket';

-- @ AlterDatabase
ALTER DATABASE source_database SET PRIMARY REGION "us-east1";
ALTER DATABASE source_database ADD region "us-west1";
ALTER DATABASE destination_database SET PRIMARY REGION "us-west1";
ALTER DATABASE destination_database ADD region "us-east1";
ALTER DATABASE destination_database SET PRIMARY REGION "us-east1";

-- @ AlterExternalConnection
ALTER EXTERNAL CONNECTION backup_bucket AS 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';

-- @ AlterJobOwner
ALTER JOB job_id OWNER TO role_name;

-- @ AlterTable
ALTER TABLE movr.user_promo_codes SET (exclude_data_from_backup = true);

-- @ Backup
BACKUP TO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH kms = 'aws:///cmk?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
BACKUP TO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH KMS=('aws:///cmk?AUTH=implicit&REGION=us-east-1', 'aws:///cmk?AUTH=implict&REGION=us-west-1');
BACKUP TO 'gs://acme/a' WITH encryption_passphrase = 'password123';
BACKUP TO 'gs://acme/a' AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank TO 'gs://acme/a' AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank, employees TO 'gs://acme/a' AS OF SYSTEM TIME '-10s';
BACKUP bank.customers TO 'gs://acme/a' AS OF SYSTEM TIME '-10s';
BACKUP bank.customers, bank.accounts TO 'gs://acme/a' AS OF SYSTEM TIME '-10s';
BACKUP TO 'gs://acme/a' AS OF SYSTEM TIME '-10s' WITH DETACHED;
BACKUP TO '<backup_location>';
BACKUP DATABASE bank TO 'gs://acme/a' AS OF SYSTEM TIME '-10s' INCREMENTAL FROM 'gs://acme/b', 'gs://acme/c' WITH revision_history;
BACKUP TO ('s3://acme?COCKROACH_LOCALITY=default', 's3://acme-west?COCKROACH_LOCALITY=region%3Dus-west');
BACKUP TO ('s3://acme/a?COCKROACH_LOCALITY=default', 's3://acme-west/a?COCKROACH_LOCALITY=region%3Dus-west') INCREMENTAL FROM 's3://acme/b';
BACKUP TO ('s3://acme/a?COCKROACH_LOCALITY=default', 's3://acme-west/a?COCKROACH_LOCALITY=region%3Dus-west') INCREMENTAL FROM 's3://acme/b', 's3://acme/c', 's3://acme/d';
BACKUP TO 'gs://acme/a' AS OF SYSTEM TIME '-10s' WITH revision_history;
BACKUP DATABASE bank INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
BACKUP DATABASE bank INTO 's3://acme/a?AUTH=implicit';
BACKUP DATABASE bank INTO 'gs://acme/a?AUTH=specified&CREDENTIALS=k1';
BACKUP DATABASE bank INTO 'gs://acme/a?AUTH=implicit';
BACKUP DATABASE bank INTO 'azure://acme/a?AZURE_ACCOUNT_NAME=x&AZURE_ACCOUNT_KEY=x';
BACKUP INTO 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH kms = 'aws:///cmk?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
BACKUP INTO 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH KMS=('aws:///cmk?AUTH=implicit&REGION=us-east-1', 'aws:///cmk?AUTH=implict&REGION=us-west-1');
BACKUP INTO 'azure-blob://acme?AUTH=specified&AZURE_ACCOUNT_NAME=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_TENANT_ID=x' WITH kms = 'azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault';
BACKUP INTO 'azure-blob://acme?AUTH=specified&AZURE_ACCOUNT_NAME=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_TENANT_ID=x' WITH KMS=('azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault', 'azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault');
BACKUP INTO 'gs://acme?AUTH=specified&CREDENTIALS=k1' WITH kms = 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/k?AUTH=specified&CREDENTIALS=k1';
BACKUP INTO 'gs://acme?AUTH=specified&CREDENTIALS=k1' WITH KMS=('gs:///projects/p/locations/l/keyRings/r/cryptoKeys/k?AUTH=specified&CREDENTIALS=k1', 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/k?AUTH=specified&CREDENTIALS=k1');
BACKUP INTO 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH encryption_passphrase = 'password123';
BACKUP INTO 'external://bucket' AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank INTO 'external://bucket' AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank, employees INTO 'external://bucket' AS OF SYSTEM TIME '-10s';
BACKUP bank.customers INTO 'external://bucket' AS OF SYSTEM TIME '-10s';
BACKUP bank.customers, bank.accounts INTO 'external://bucket' AS OF SYSTEM TIME '-10s';
BACKUP test_schema.* INTO 'external://bucket' AS OF SYSTEM TIME '-10s';
BACKUP INTO LATEST IN 'external://bucket' AS OF SYSTEM TIME '-10s';
BACKUP INTO 'external://bucket' AS OF SYSTEM TIME '-10s' WITH DETACHED;
BACKUP DATABASE movr INTO 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&S3_STORAGE_CLASS=INTELLIGENT_TIERING' AS OF SYSTEM TIME '-10s';
BACKUP INTO 'nodelocal://1/c';
BACKUP INTO LATEST IN 'nodelocal://1/c';
BACKUP DATABASE movr INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' AS OF SYSTEM TIME '-10s';
BACKUP INTO ('s3://acme?COCKROACH_LOCALITY=default', 's3://acme-west?COCKROACH_LOCALITY=region%3Dus-west');
BACKUP INTO LATEST IN ('s3://acme?COCKROACH_LOCALITY=default', 's3://acme-west?COCKROACH_LOCALITY=region%3Dus-west');
BACKUP DATABASE bank INTO 'external://bucket' WITH EXECUTION LOCALITY = 'cloud=gce,region=us-west1';
BACKUP DATABASE bank INTO 'external://bucket' WITH EXECUTION LOCALITY = 'region=us-west-1', DETACHED;
BACKUP DATABASE bank INTO 'external://bucket' WITH EXECUTION LOCALITY = 'region=r,dc=d', DETACHED;
BACKUP INTO 'nodelocal://1/c' AS OF SYSTEM TIME '-10s' WITH revision_history;
BACKUP DATABASE movr INTO "s3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456" AS OF SYSTEM TIME "-10s";
BACKUP DATABASE movr INTO 'external://bucket' AS OF SYSTEM TIME '-10s' WITH revision_history;
BACKUP DATABASE movr INTO 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&ASSUME_ROLE=arn:role' AS OF SYSTEM TIME '-10s';
BACKUP INTO 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&ASSUME_ROLE=arn:role' WITH kms = 'aws:///cmk?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=r&ASSUME_ROLE=arn:role';
BACKUP DATABASE movr INTO "s3://acme?AWS_ACCESS_KEY_ID={users key}&AWS_SECRET_ACCESS_KEY={users secret key}&ASSUME_ROLE=arn:role" AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank INTO 's3://acme/a?AUTH=implicit&ASSUME_ROLE=arn:role' AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank INTO 'gs://acme/a?AUTH=implicit&ASSUME_ROLE=arn:role';
BACKUP DATABASE bank INTO 'gs://acme/a?AUTH=implicit&ASSUME_ROLE=arn:role' WITH kms = 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/k?AUTH=IMPLICIT&ASSUME_ROLE=arn:role';
BACKUP DATABASE defaultdb INTO "gs://acme?AUTH=implicit&ASSUME_ROLE=arn:role" AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank INTO 'azure-blob://acme?AUTH=implicit&AZURE_ACCOUNT_NAME=x';
BACKUP DATABASE movr INTO 's3://acme' WITH revision_history;
BACKUP DATABASE bank INTO 'userfile://defaultdb.public.userfiles_$user/bank-backup' AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank INTO 'subdirectory' IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' AS OF SYSTEM TIME '-10s';
BACKUP DATABASE bank INTO 'sub' IN 'nodelocal://1/c' AS OF SYSTEM TIME '-10s' WITH revision_history;
BACKUP INTO 'nodelocal://1/d' AS OF SYSTEM TIME '-10s' WITH revision_history;
BACKUP INTO LATEST IN 'nodelocal://1/c' AS OF SYSTEM TIME '-10s' WITH incremental_location = 'explicit_incrementalsURI';
BACKUP INTO LATEST IN ('s3://acme?COCKROACH_LOCALITY=default', 's3://acme-west?COCKROACH_LOCALITY=region%3Dus-west') WITH incremental_location = ('s3://acme-inc?COCKROACH_LOCALITY=default', 's3://acme-inc-west?COCKROACH_LOCALITY=region%3Dus-west');
BACKUP DATABASE bank INTO 'azure://acme/a?AZURE_ACCOUNT_NAME=x&AZURE_ACCOUNT_KEY=x&AZURE_ENVIRONMENT=AZUREUSGOVERNMENTCLOUD';

-- @ CheckExternalConnection
CHECK EXTERNAL CONNECTION 'external://bucket';
CHECK EXTERNAL CONNECTION 'external://bucket' WITH transfer = '50MiB', concurrently = 5, time = '1ms';

-- @ ConfigureZone
ALTER PARTITION europe_west OF INDEX movr.public.rides@primary CONFIGURE ZONE USING constraints = '[+region=europe-west1]';
ALTER PARTITION us_east OF INDEX movr.public.rides@primary CONFIGURE ZONE USING constraints = '[+region=us-east1]';
ALTER PARTITION us_west OF INDEX movr.public.rides@primary CONFIGURE ZONE USING constraints = '[+region=us-west1]';
ALTER PARTITION europe_west OF INDEX movr.public.rides@rides_pkey CONFIGURE ZONE USING constraints = '[+region=europe-west1]';
ALTER PARTITION us_east OF INDEX movr.public.rides@rides_pkey CONFIGURE ZONE USING constraints = '[+region=us-east1]';
ALTER PARTITION us_west OF INDEX movr.public.rides@rides_pkey CONFIGURE ZONE USING constraints = '[+region=us-west1]';

-- @ ControlJobs
PAUSE JOB 27536791415282;
RESUME JOB 27536791415282;
PAUSE JOBS (SELECT job_id FROM [SHOW JOBS] WHERE user_name = 'maxroach');
RESUME JOBS (SELECT job_id FROM [SHOW JOBS] WHERE user_name = 'maxroach');
CANCEL JOB 27536791415282;
CANCEL JOBS (SELECT job_id FROM [SHOW JOBS] WHERE user_name = 'maxroach');
PAUSE JOBS (WITH x AS (SHOW JOBS) SELECT job_id FROM x WHERE user_name = 'maxroach');
RESUME JOBS (WITH x AS (SHOW JOBS) SELECT job_id FROM x WHERE user_name = 'maxroach');
CANCEL JOBS (WITH x AS (SHOW JOBS) SELECT job_id FROM x WHERE user_name = 'maxroach');

-- @ ControlJobsForSchedules
PAUSE JOBS FOR SCHEDULE 27536791415282;
PAUSE JOBS FOR SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'test_schedule';
RESUME JOBS FOR SCHEDULE 27536791415282;
RESUME JOBS FOR SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'test_schedule';
CANCEL JOBS FOR SCHEDULE 27536791415282;
CANCEL JOBS FOR SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'test_schedule';
PAUSE JOBS FOR SCHEDULES WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'test_schedule';
RESUME JOBS FOR SCHEDULES WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'test_schedule';
CANCEL JOBS FOR SCHEDULES WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'test_schedule';

-- @ ControlJobsOfType
PAUSE ALL BACKUP JOBS;
RESUME ALL BACKUP JOBS;
CANCEL ALL BACKUP JOBS;

-- @ ControlSchedules
PAUSE SCHEDULE 27536791415282;
PAUSE SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'schedule_database';
RESUME SCHEDULE 27536791415282;
RESUME SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'schedule_database';
DROP SCHEDULE 27536791415282;
DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'schedule_database';
PAUSE SCHEDULES WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'schedule_database';
RESUME SCHEDULES WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'schedule_database';
DROP SCHEDULES WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'schedule_database';

-- @ CreateDatabase
CREATE DATABASE newdb;

-- @ CreateExternalConnection
CREATE EXTERNAL CONNECTION backup_bucket AS 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
CREATE EXTERNAL CONNECTION kafka_sink AS 'kafka://broker.address.com:9092?topic_prefix=bar_&tls_enabled=true&ca_cert=certificate&sasl_enabled=true&sasl_user=sasl_user&sasl_password=url-encoded_password&sasl_mechanism=SCRAM-SHA-256';

-- @ CreateScheduleForBackup
CREATE SCHEDULE core_schedule_label FOR BACKUP INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' RECURRING '@daily' FULL BACKUP ALWAYS WITH SCHEDULE OPTIONS first_run = 'now';
CREATE SCHEDULE schedule_label FOR BACKUP INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH revision_history RECURRING '@daily';
CREATE SCHEDULE schedule_database FOR BACKUP DATABASE movr INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH revision_history RECURRING '1 0 * * *';
CREATE SCHEDULE schedule_table FOR BACKUP TABLE movr.vehicles INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH revision_history RECURRING '@hourly';
CREATE SCHEDULE scheduled_first_run FOR BACKUP TABLE movr.vehicles INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH revision_history RECURRING '@hourly' WITH SCHEDULE OPTIONS first_run = '2020-09-15 00:00:00.00';
CREATE SCHEDULE schedule_label FOR BACKUP INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH revision_history RECURRING '@daily' WITH SCHEDULE OPTIONS first_run = 'now';
CREATE SCHEDULE hourly_backups FOR BACKUP DATABASE movr INTO 'external://bucket' RECURRING '@hourly' FULL BACKUP '@weekly';
CREATE SCHEDULE aws_backups FOR BACKUP INTO 'external://bucket' RECURRING '@daily' FULL BACKUP ALWAYS WITH SCHEDULE OPTIONS first_run = 'now', ignore_existing_backups;
CREATE SCHEDULE schedule_option FOR BACKUP INTO 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' RECURRING '@daily' WITH SCHEDULE OPTIONS on_previous_running = 'start';

-- @ CreateTable
CREATE TABLE customers (id INT, dob DATE, first_name STRING, last_name STRING, joined DATE);

-- @ DropDatabase
DROP DATABASE movr CASCADE;

-- @ DropExternalConnection
DROP EXTERNAL CONNECTION backup_bucket;
DROP EXTERNAL CONNECTION backup_storage;

-- @ DropTable
DROP TABLE newdb.users;
DROP TABLE newdb.zones;

-- @ Import
IMPORT TABLE customers (id INT, dob DATE, first_name STRING, last_name STRING, joined DATE) CSV DATA ('userfile:///test-data.csv');
IMPORT INTO customers (id, dob, first_name, last_name, joined) CSV DATA ('userfile:///test-data.csv');

-- @ Query
SELECT * FROM (SELECT start_pretty, end_pretty, range_id, crdb_internal.range_stats(start_key)->'intent_count' AS intent_count FROM crdb_internal.ranges_no_leases) WHERE intent_count != '0';
INSERT INTO system.users SELECT * FROM newdb.users;
INSERT INTO system.zones SELECT * FROM newdb.zones;
SELECT * FROM [SHOW JOBS] WHERE job_type = 'RESTORE' AND status IN ('running', 'failed') ORDER BY created DESC;
SELECT * FROM [SHOW AUTOMATIC JOBS] WHERE status = ('succeeded') ORDER BY created DESC;
SELECT * FROM [SHOW JOBS] WHERE job_type = 'SCHEMA CHANGE';
SELECT * FROM user_promo_codes;
SELECT * FROM rides;
SELECT job_id, sink_uri, status, format FROM [SHOW CHANGEFEED JOBS] WHERE job_id = 27536791415282;

-- @ Restore
RESTORE FROM 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH kms = 'aws:///cmk?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
RESTORE FROM 'gs://acme/a' WITH encryption_passphrase = 'password123';
RESTORE DATABASE backup_database_name FROM 'your_backup_location';
RESTORE FROM 'gs://acme/a';
RESTORE DATABASE bank FROM 'gs://acme/a';
RESTORE bank.customers FROM 'gs://acme/a';
RESTORE bank.customers, bank.accounts FROM 'gs://acme/a';
RESTORE bank.customers FROM 'gs://acme/a', 'gs://acme/b', 'gs://acme/c';
RESTORE FROM 'gs://acme/a' WITH DETACHED;
RESTORE bank.customers FROM 'gs://acme/a' WITH into_db = 'newdb';
RESTORE bank.accounts FROM 'gs://acme/a' WITH skip_missing_foreign_keys;
RESTORE system.users FROM 'azure://acme/a?AZURE_ACCOUNT_KEY=x&AZURE_ACCOUNT_NAME=x' WITH into_db = 'newdb';
RESTORE TABLE bank.customers FROM '<backup_location>';
RESTORE DATABASE bank FROM '<backup_location>';
RESTORE FROM '<backup_location>';
RESTORE FROM ('s3://acme', 's3://acme-west');
RESTORE FROM ('s3://acme/a', 's3://acme-west/a'), ('s3://acme/b', 's3://acme-west/b');
RESTORE system.zones FROM 'azure://acme?AZURE_ACCOUNT_KEY=x&AZURE_ACCOUNT_NAME=x' WITH into_db = 'newdb';
RESTORE FROM 'gs://acme/a' AS OF SYSTEM TIME '2017-02-26 10:00:00';
RESTORE FROM 'gs://acme/a', 'gs://acme/b', 'gs://acme/c' AS OF SYSTEM TIME '2017-02-28 10:00:00';
RESTORE FROM 's3://acme/a/2020/08/19-035600.00?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' AS OF SYSTEM TIME '2020-08-19 03:50:00+00:00';
RESTORE FROM LATEST IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH kms = 'aws:///cmk?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
RESTORE FROM LATEST IN 'azure-blob://acme?AUTH=specified&AZURE_ACCOUNT_NAME=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_TENANT_ID=x' WITH kms = 'azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault';
RESTORE FROM LATEST IN 'gs://acme?AUTH=specified&CREDENTIALS=k1' WITH kms = 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/k?AUTH=specified&CREDENTIALS=k1';
RESTORE FROM LATEST IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH encryption_passphrase = 'password123';
RESTORE DATABASE backup_database_name FROM LATEST in 'your_backup_collection_URI';
RESTORE DATABASE movr FROM LATEST IN 'external://bucket' WITH EXPERIMENTAL COPY;
RESTORE TABLE movr.users FROM 'osDlrp0B' IN 'external://bucket' WITH EXPERIMENTAL COPY, DETACHED;
RESTORE DATABASE movr FROM 'clvprp0BAADQmww=' IN 'external://bucket';
RESTORE DATABASE movr FROM 'clvprp0BAADQmww=' IN 'external://bucket' WITH EXPERIMENTAL COPY;
RESTORE DATABASE movr FROM 'clvprp0BAADQmww=' IN 'external://bucket' AS OF SYSTEM TIME '2026-04-16 18:00:00';
RESTORE FROM LATEST IN 's3://acme/a?AUTH=implicit';
RESTORE FROM '2023/03/23-213101.37' IN 's3://acme/a?AUTH=implicit';
RESTORE FROM LATEST IN 'external://bucket';
RESTORE DATABASE bank FROM LATEST IN 'external://bucket';
RESTORE TABLE bank.customers FROM LATEST IN 'external://bucket';
RESTORE TABLE bank.customers, bank.accounts FROM LATEST IN 'external://bucket';
RESTORE DATABASE movr FROM '2023/01/23-185448.11' IN 'external://bucket' AS OF SYSTEM TIME '2023-01-23 18:56:48';
RESTORE FROM LATEST IN 'external://bucket' WITH DETACHED;
RESTORE bank.customers FROM LATEST IN 'external://bucket' WITH into_db = 'newdb';
RESTORE DATABASE bank FROM LATEST IN 'external://bucket' WITH new_db_name = 'new_bank';
RESTORE bank.accounts FROM LATEST IN 'external://bucket' WITH skip_missing_foreign_keys;
RESTORE system.users FROM LATEST IN 'external://bucket' WITH into_db = 'newdb';
RESTORE TABLE bank.customers FROM LATEST IN 'nodelocal://1/c';
RESTORE DATABASE bank FROM LATEST IN 'nodelocal://1/c';
RESTORE FROM LATEST IN 'nodelocal://1/c';
RESTORE FROM 'sub' IN 'nodelocal://1/c';
RESTORE DATABASE movr FROM LATEST IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH new_db_name = new_movr;
RESTORE FROM LATEST IN ('s3://acme', 's3://acme-west');
RESTORE FROM LATEST IN ('s3://acme/', 's3://acme-west/');
RESTORE FROM LATEST IN 'external://bucket' WITH EXECUTION LOCALITY = 'region=us-west-1', DETACHED;
RESTORE FROM '/2021/12/13-211056.62' IN 'nodelocal://1/c' AS OF SYSTEM TIME '2021-12-13 10:00:00';
RESTORE DATABASE movr FROM "2022/09/19-134123.64" IN "s3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456" WITH schema_only;
RESTORE DATABASE movr FROM LATEST IN "s3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456" WITH schema_only, verify_backup_table_data;
RESTORE FROM '2020/08/19-035600.00' IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' AS OF SYSTEM TIME '2020-08-19 03:50:00+00:00';
RESTORE DATABASE movr FROM LATEST IN 'external://bucket';
RESTORE DATABASE bank FROM LATEST IN 'userfile://defaultdb.public.userfiles_$user/bank-backup';
RESTORE DATABASE backup_database_name FROM 'subdirectory' IN 'your_backup_location';
RESTORE FROM '2021/03/23-213101.37' IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
RESTORE TABLE bank.customers FROM LATEST IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH DETACHED;
RESTORE bank.customers FROM '2021/09/29-153014.47' IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH into_db = 'newdb';
RESTORE bank.accounts FROM '2021/09/29-153014.47' IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH skip_missing_foreign_keys;
RESTORE system.users FROM '2021/09/29-153014.47' IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH into_db = 'newdb';
RESTORE TABLE system.zones FROM '2021/03/23-213101.37' IN 'azure://acme?AZURE_ACCOUNT_KEY=x&AZURE_ACCOUNT_NAME=x' WITH into_db = 'newdb';
RESTORE FROM '/2021/12/13-211056.62' IN '(destination)' AS OF SYSTEM TIME '2021-12-13 10:00:00';
RESTORE TABLE movr.users FROM LATEST IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH incremental_location = 'incremental_backup_URI';

-- @ SetClusterSetting
SET CLUSTER SETTING sql.stats.automatic_collection.enabled = false;
SET CLUSTER SETTING backup.compaction.threshold = 4;

-- @ SetVariable
SET use_backups_with_ids = true;

-- @ ShowBackup
SHOW BACKUP 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
SHOW BACKUP SCHEMAS 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
SHOW BACKUP 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH privileges;
SHOW BACKUP '2020/09/24-204152.88' IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
SHOW BACKUP 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH encryption_passphrase = 'password123';
SHOW BACKUP 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH kms = 'aws:///arn:aws:kms:us-east-1:1:key/k?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
SHOW BACKUP FROM '2023/07/14-211406.03' IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH KMS=('aws:///cmk?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1', 'aws:///cmk?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-west-1');
SHOW BACKUP FROM '2023/07/14-211406.03' IN 'azure-blob://acme?AUTH=specified&AZURE_ACCOUNT_NAME=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_TENANT_ID=x' WITH KMS=('azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault', 'azure-kms:///k1/v1?AZURE_TENANT_ID=x&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=x&AZURE_VAULT_NAME=vault');
SHOW BACKUP FROM '2023/07/14-211406.03' IN 'gs://acme?AUTH=specified&CREDENTIALS=k1' WITH KMS=('gs:///projects/p/locations/l/keyRings/r/cryptoKeys/k?AUTH=specified&CREDENTIALS=k1', 'gs:///projects/p/locations/l/keyRings/r/cryptoKeys/k?AUTH=specified&CREDENTIALS=k1');
SHOW BACKUP '2023/01/23-185448.11' IN 'external://bucket';
SHOW BACKUP FROM 'osDlrp0B' IN 'external://bucket';
SHOW BACKUP FROM LATEST IN 'external://bucket';
SHOW BACKUP FROM '2022/04/08-142355.33' IN 'external://bucket';
SHOW BACKUP FROM LATEST IN ('s3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&COCKROACH_LOCALITY=default', 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&COCKROACH_LOCALITY=region%3Dus-west');
SHOW BACKUP SCHEMAS FROM '2022/04/08-142601.69' IN 'external://bucket';
SHOW BACKUP FROM '2022/07/07-160311.96' IN 'external://bucket' WITH privileges;
SHOW BACKUP FROM '2020/09/24-190540.54' IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH encryption_passphrase = 'password123';
SHOW BACKUP FROM '2020/09/24-190540.54' IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH kms = 'aws:///arn:aws:kms:us-east-1:1:key/k?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1';
SHOW BACKUP FROM '/2021/11/15-150703.21' IN 'external://bucket' WITH debug_ids;
SHOW BACKUP "2022/09/19-134123.64" IN "s3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456" WITH check_files;
SHOW BACKUP FROM '/2021/11/15-150703.21' IN 'external://bucket' WITH as_json;
SHOW BACKUP LATEST IN 's3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
SHOW BACKUP '/2021/11/15-150703.21' IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH as_json;
SHOW BACKUP '/2021/11/15-150703.21' IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456' WITH debug_ids;

-- @ ShowBackups
SHOW BACKUPS IN 's3://acme/a?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456';
SHOW BACKUPS IN 'external://bucket';
SHOW BACKUPS IN 'external://bucket' WITH REVISION START TIME;
SHOW BACKUPS IN 's3://acme/a?AUTH=implicit';
SHOW BACKUPS IN 'external://bucket' NEWER THAN '-7d' OLDER THAN '-1d';
SHOW BACKUPS IN 'external://bucket' NEWER THAN '-1w';
SHOW BACKUPS IN 'external://bucket' NEWER THAN '-2w' OLDER THAN '-1w';
SHOW BACKUPS IN "s3://acme?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456";

-- @ ShowClusterSetting
SHOW CLUSTER SETTING backup.compaction.threshold;

-- @ ShowCreate
SHOW CREATE user_promo_codes;

-- @ ShowCreateExternalConnections
SHOW CREATE ALL EXTERNAL CONNECTIONS;
SHOW CREATE EXTERNAL CONNECTION backup_bucket_1;

-- @ ShowCreateSchedules
SHOW CREATE SCHEDULE 27536791415282;
SHOW CREATE ALL SCHEDULES;

-- @ ShowExternalConnections
SHOW EXTERNAL CONNECTIONS;
SHOW EXTERNAL CONNECTION s3_bucket;

-- @ ShowJobs
SHOW JOBS FOR SCHEDULE 27536791415282;
SHOW JOBS FOR SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'test_schedule';
SHOW JOBS;
SHOW AUTOMATIC JOBS;
SHOW JOB WHEN COMPLETE 27536791415282;
SHOW JOBS FOR SCHEDULES WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'test_schedule';
SHOW CHANGEFEED JOBS;
SHOW CHANGEFEED JOB 123;

-- @ ShowLocality
SHOW LOCALITY;

-- @ ShowSchedules
SHOW SCHEDULES;
SHOW SCHEDULE 123;
SHOW RUNNING SCHEDULES;
SHOW PAUSED SCHEDULES;
SHOW SCHEDULE 27536791415282;
SHOW SCHEDULES FOR BACKUP;

-- @ ShowTables
SHOW TABLES;
SHOW TABLES FROM movr;

-- @ Unsupported
CREATE CHANGEFEED FOR TABLE movr.users INTO 'external://bucket' WITH resolved;
