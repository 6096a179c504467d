"""How the proven versions differ in the descriptors they write, as one table of facts."""

from __future__ import annotations

from dataclasses import dataclass

from ootheca.profile import Profile

__all__ = ["DescriptorRules", "descriptor_rules"]


@dataclass(frozen=True, slots=True)
class DescriptorRules:
    """What one version writes into descriptors, beyond the facts of its `Profile`.

    Source: fixtures/golden/20.2 and 21.2, manifests beside their make.sql.
    """

    default_database_id: int  # `defaultdb`; `postgres` follows it
    index_version: int  # of indexes that statements name
    implicit_index_version: int  # of primary keys on `rowid`, and of sequences
    stores_in_primary: bool  # a primary index lists its stored columns, and has encoding type 1
    has_constraint_ids: bool
    rename_steps: int  # versions that a rename takes: once a step of its own gave the old name away
    has_created_at: bool  # indexes hold the time of their creation
    privileges_version: int
    has_grant_options: bool
    grants_to_public: bool  # databases let `public` connect, and what lies in them keeps a row for `public`
    usage_in_user_schemas: bool  # `public` may use types outside the schema `public` too
    fk_name_after_table: bool  # `<table>_<column>_fkey`, else `fk_<column>_ref_<table>`
    sequences_by_id: bool  # `nextval(53:::REGCLASS)`, else by name
    enum_value_prefix: str  # of the bytes of an enum's value in an expression: b'\x40' or x'40'
    has_sequence_cache: bool
    virtual_shards: bool  # hash-shard columns are virtual and hash the datum's bytes
    shards_in_index_names: bool  # generated index names mention shard columns
    shows_regions: bool  # SHOW DATABASES and SHOW TABLES have columns about regions
    lists_hidden_columns: bool  # SHOW CREATE prints hidden columns, and the primary key on `rowid`
    always_shows_families: bool  # SHOW CREATE prints the only family too
    breaks_views: bool  # SHOW CREATE breaks the text of views into lines
    bumps_alias_on_add_value: bool  # ALTER TYPE … ADD VALUE also moves the array alias on
    has_expression_indexes: bool
    has_interleaving: bool  # INTERLEAVE IN PARENT is still taken
    sharding_needs_variable: bool  # USING HASH wants experimental_enable_hash_sharded_indexes
    schema_wildcards: bool  # `db.schema.*` means that schema alone, else the whole database
    views_depend_on_types: bool  # they list the enums of their columns
    has_nullable_views: bool  # columns of views may be NULL
    quoted_char_width: int  # of the type "char"
    sorts_dependencies: bool  # of views: by id, else in the order of the query
    has_custom_variables: bool  # SET takes variables of the user's own, with a dot in the name
    tags_renames: bool  # RENAME TO answers `RENAME TABLE`, else `ALTER TABLE`
    unknown_database: str  # the words for a database target that is not there


_RULES = {
    "20.2": DescriptorRules(
        default_database_id=50,
        index_version=2,
        implicit_index_version=0,
        stores_in_primary=False,
        has_constraint_ids=False,
        rename_steps=2,
        has_created_at=False,
        privileges_version=1,
        has_grant_options=False,
        grants_to_public=False,
        usage_in_user_schemas=False,
        fk_name_after_table=False,
        sequences_by_id=False,
        enum_value_prefix="b",
        has_sequence_cache=False,
        virtual_shards=False,
        shards_in_index_names=True,
        shows_regions=False,
        lists_hidden_columns=False,
        always_shows_families=True,
        breaks_views=False,
        bumps_alias_on_add_value=False,
        has_expression_indexes=False,
        has_interleaving=True,
        sharding_needs_variable=True,
        schema_wildcards=False,
        views_depend_on_types=False,
        has_nullable_views=False,
        quoted_char_width=0,
        sorts_dependencies=False,
        has_custom_variables=False,
        tags_renames=True,
        unknown_database='unknown database "{}"',
    ),
    "21.2": DescriptorRules(
        default_database_id=100,
        index_version=4,
        implicit_index_version=4,
        stores_in_primary=True,
        has_constraint_ids=True,
        rename_steps=1,
        has_created_at=True,
        privileges_version=2,
        has_grant_options=True,
        grants_to_public=True,
        usage_in_user_schemas=True,
        fk_name_after_table=True,
        sequences_by_id=True,
        enum_value_prefix="x",
        has_sequence_cache=True,
        virtual_shards=True,
        shards_in_index_names=False,
        shows_regions=True,
        lists_hidden_columns=True,
        always_shows_families=False,
        breaks_views=True,
        bumps_alias_on_add_value=True,
        has_expression_indexes=True,
        has_interleaving=False,
        sharding_needs_variable=False,
        schema_wildcards=True,
        views_depend_on_types=True,
        has_nullable_views=True,
        quoted_char_width=1,
        sorts_dependencies=True,
        has_custom_variables=True,
        tags_renames=False,
        unknown_database='database "{}" does not exist',
    ),
}


def descriptor_rules(profile: Profile) -> DescriptorRules:
    """Return the facts of a profile; every profile has some."""
    return _RULES[profile.version]
