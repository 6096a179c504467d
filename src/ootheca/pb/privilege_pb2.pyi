from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UserPrivileges(_message.Message):
    __slots__ = ("user_proto", "privileges", "with_grant_option")
    USER_PROTO_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    WITH_GRANT_OPTION_FIELD_NUMBER: _ClassVar[int]
    user_proto: str
    privileges: int
    with_grant_option: int
    def __init__(self, user_proto: _Optional[str] = ..., privileges: _Optional[int] = ..., with_grant_option: _Optional[int] = ...) -> None: ...

class PrivilegeDescriptor(_message.Message):
    __slots__ = ("users", "owner_proto", "version")
    USERS_FIELD_NUMBER: _ClassVar[int]
    OWNER_PROTO_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    users: _containers.RepeatedCompositeFieldContainer[UserPrivileges]
    owner_proto: str
    version: int
    def __init__(self, users: _Optional[_Iterable[_Union[UserPrivileges, _Mapping]]] = ..., owner_proto: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class DefaultPrivilegesForRole(_message.Message):
    __slots__ = ("explicit_role", "for_all_roles", "default_privileges_per_object")
    class ExplicitRole(_message.Message):
        __slots__ = ("user_proto", "public_has_usage_on_types", "role_has_all_privileges_on_tables", "role_has_all_privileges_on_sequences", "role_has_all_privileges_on_schemas", "role_has_all_privileges_on_types")
        USER_PROTO_FIELD_NUMBER: _ClassVar[int]
        PUBLIC_HAS_USAGE_ON_TYPES_FIELD_NUMBER: _ClassVar[int]
        ROLE_HAS_ALL_PRIVILEGES_ON_TABLES_FIELD_NUMBER: _ClassVar[int]
        ROLE_HAS_ALL_PRIVILEGES_ON_SEQUENCES_FIELD_NUMBER: _ClassVar[int]
        ROLE_HAS_ALL_PRIVILEGES_ON_SCHEMAS_FIELD_NUMBER: _ClassVar[int]
        ROLE_HAS_ALL_PRIVILEGES_ON_TYPES_FIELD_NUMBER: _ClassVar[int]
        user_proto: str
        public_has_usage_on_types: bool
        role_has_all_privileges_on_tables: bool
        role_has_all_privileges_on_sequences: bool
        role_has_all_privileges_on_schemas: bool
        role_has_all_privileges_on_types: bool
        def __init__(self, user_proto: _Optional[str] = ..., public_has_usage_on_types: _Optional[bool] = ..., role_has_all_privileges_on_tables: _Optional[bool] = ..., role_has_all_privileges_on_sequences: _Optional[bool] = ..., role_has_all_privileges_on_schemas: _Optional[bool] = ..., role_has_all_privileges_on_types: _Optional[bool] = ...) -> None: ...
    class ForAllRolesPseudoRole(_message.Message):
        __slots__ = ("public_has_usage_on_types",)
        PUBLIC_HAS_USAGE_ON_TYPES_FIELD_NUMBER: _ClassVar[int]
        public_has_usage_on_types: bool
        def __init__(self, public_has_usage_on_types: _Optional[bool] = ...) -> None: ...
    class DefaultPrivilegesPerObjectEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: PrivilegeDescriptor
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[PrivilegeDescriptor, _Mapping]] = ...) -> None: ...
    EXPLICIT_ROLE_FIELD_NUMBER: _ClassVar[int]
    FOR_ALL_ROLES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PRIVILEGES_PER_OBJECT_FIELD_NUMBER: _ClassVar[int]
    explicit_role: DefaultPrivilegesForRole.ExplicitRole
    for_all_roles: DefaultPrivilegesForRole.ForAllRolesPseudoRole
    default_privileges_per_object: _containers.MessageMap[int, PrivilegeDescriptor]
    def __init__(self, explicit_role: _Optional[_Union[DefaultPrivilegesForRole.ExplicitRole, _Mapping]] = ..., for_all_roles: _Optional[_Union[DefaultPrivilegesForRole.ForAllRolesPseudoRole, _Mapping]] = ..., default_privileges_per_object: _Optional[_Mapping[int, PrivilegeDescriptor]] = ...) -> None: ...

class DefaultPrivilegeDescriptor(_message.Message):
    __slots__ = ("default_privileges_per_role", "type")
    class DefaultPrivilegeDescriptorType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DATABASE: _ClassVar[DefaultPrivilegeDescriptor.DefaultPrivilegeDescriptorType]
        SCHEMA: _ClassVar[DefaultPrivilegeDescriptor.DefaultPrivilegeDescriptorType]
    DATABASE: DefaultPrivilegeDescriptor.DefaultPrivilegeDescriptorType
    SCHEMA: DefaultPrivilegeDescriptor.DefaultPrivilegeDescriptorType
    DEFAULT_PRIVILEGES_PER_ROLE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    default_privileges_per_role: _containers.RepeatedCompositeFieldContainer[DefaultPrivilegesForRole]
    type: DefaultPrivilegeDescriptor.DefaultPrivilegeDescriptorType
    def __init__(self, default_privileges_per_role: _Optional[_Iterable[_Union[DefaultPrivilegesForRole, _Mapping]]] = ..., type: _Optional[_Union[DefaultPrivilegeDescriptor.DefaultPrivilegeDescriptorType, str]] = ...) -> None: ...
