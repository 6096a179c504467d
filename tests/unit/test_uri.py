"""URIs: Go's rules of parsing, joining, and that no secret is ever printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.errors import InvalidOptionError, InvalidValueError
from ootheca.locality import order_localities, parse_locality, resolve_localities
from ootheca.uri import (
    REDACT_FAILED,
    SECRET_PARAMS,
    join,
    parse_kms_uri,
    parse_storage_uri,
    redact_uri,
)


@pytest.mark.parametrize(
    ("text", "scheme", "host", "path"),
    [
        ("nodelocal://1/s01/full", "nodelocal", "1", "/s01/full"),
        ("nodelocal://self/x", "nodelocal", "self", "/x"),
        ("nodelocal:///path", "nodelocal", "", "/path"),
        ("nodelocal://1", "nodelocal", "1", ""),
        ("nodelocal://1/../../etc", "nodelocal", "1", "/../../etc"),
        ("S3://Bucket/Path", "s3", "Bucket", "/Path"),
        ("/just/a/path", "", "", "/just/a/path"),
        ("not a uri", "", "", "not a uri"),
        ("", "", "", ""),
        ("http://host:8080/a%20b%2Fc", "http", "host:8080", "/a b/c"),
        ("http://[::1]:80/x", "http", "[::1]:80", "/x"),
        ("s3://user:pass@bucket/x", "s3", "bucket", "/x"),
        ("userfile:///x", "userfile", "", "/x"),
        ("external://name", "external", "name", ""),
        ("scheme:opaque/x?A=1", "scheme", "", ""),
        ("nodelocal://1/a#fragment", "nodelocal", "1", "/a"),
        ("nodelocal://1/%FF", "nodelocal", "1", "/\udcff"),
    ],
)
def test_parts(text: str, scheme: str, host: str, path: str) -> None:
    uri = parse_storage_uri(text)
    assert (uri.scheme, uri.host, uri.path) == (scheme, host, path)


def test_parameters_keep_their_order_and_the_first_of_repeated_ones() -> None:
    uri = parse_storage_uri("s3://b/p?Z=1&A=a%20b+c%2B&Z=2&EMPTY&%zz=x&S=a;b")
    assert list(uri.params.items()) == [("Z", "1"), ("A", "a b c+"), ("EMPTY", "")]
    assert uri.param("Z") == "1"
    assert uri.param("absent") == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (":x", 'parse ":x": missing protocol scheme'),
        ("1:x", 'parse "1:x": first path segment in URL cannot contain colon'),
        ("s3://b/%zz", 'parse "s3://b/%zz": invalid URL escape "%zz"'),
        ("s3://b/%4", 'parse "s3://b/%4": invalid URL escape "%4"'),
        ("s3://a b/", 'parse "s3://a b/": invalid character " " in host name'),
        ("s3://a%41/", 'parse "s3://a%41/": invalid URL escape "%41"'),
        ("s3://host:port/", 'parse "s3://host:port/": invalid port ":port" after host'),
        ("http://[::1/x", "parse \"http://[::1/x\": missing ']' in host"),
        ("s3://b/a\nb", 'parse "s3://b/a\\nb": net/url: invalid control character in URL'),
        ("s3://u<@h/x", 'parse "s3://u<@h/x": net/url: invalid userinfo'),
    ],
)
def test_malformed_texts_in_the_words_of_go(text: str, reason: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_storage_uri(text)
    assert caught.value.message == reason
    assert caught.value.sqlstate == "XXUUU"


def test_kms_uri_must_be_absolute() -> None:
    # conformance/21.2 and 20.2, scenarios/02_kms.json
    with pytest.raises(InvalidValueError) as caught:
        parse_kms_uri("not a uri")
    assert caught.value.message == 'parse "not a uri": invalid URI for request'
    with pytest.raises(InvalidValueError) as caught:
        parse_kms_uri("not a uri", quote_escaped=True)
    assert caught.value.message == 'parse "not%20a%20uri": invalid URI for request'
    with pytest.raises(InvalidValueError) as caught:
        parse_kms_uri("foo")
    assert caught.value.message == 'parse "foo": invalid URI for request'
    with pytest.raises(InvalidValueError, match='parse "": empty url'):
        parse_kms_uri("")


def test_kms_uri_of_the_documentation() -> None:
    uri = parse_kms_uri("aws:///<cmk>?AUTH=implict&REGION=us-east-1")
    assert (uri.scheme, uri.host, uri.path) == ("aws", "", "/<cmk>")
    assert uri.param("REGION") == "us-east-1"
    assert str(uri) == "aws:///redacted?AUTH=implict&REGION=us-east-1"
    assert parse_kms_uri("aws:///a#b").path == "/a#b"


@pytest.mark.parametrize(
    ("text", "kms", "hide", "expected"),
    [
        # conformance/*/scenarios/09_jobs_schedules.json
        (
            "nodelocal://1/s09/b?AWS_SECRET_ACCESS_KEY=topsecret",
            False,
            True,
            "nodelocal://1/s09/b?AWS_SECRET_ACCESS_KEY=redacted",
        ),
        (
            "testkms:///cmk?REGION=r1&AUTH=implicit",
            True,
            True,
            "testkms:///redacted?AUTH=implicit&REGION=r1",
        ),
        # fixtures/golden/20.2/c_kms/output.txt
        (
            "testkms:///only/key-1?REGION=x&AUTH=implicit",
            True,
            True,
            "testkms:///redacted?AUTH=implicit&REGION=x",
        ),
        ("testkms:///keyA", True, True, "testkms:///redacted"),
        # reference/sql/04 §6
        (
            "aws:///<cmk>?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1",
            True,
            True,
            "aws:///redacted?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=redacted&REGION=us-east-1",
        ),
        (
            "aws:///<cmk>?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456&REGION=us-east-1",
            True,
            False,
            "aws:///%3Ccmk%3E?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=redacted&REGION=us-east-1",
        ),
        # reference/sql/07 §4
        ("s3://b/p?Z=a=b/c d&CREDENTIALS=x", False, True, "s3://b/p?CREDENTIALS=redacted&Z=a%3Db%2Fc+d"),
        ("s3://u:topsecret@b/p", False, True, "s3://u:redacted@b/p"),
        (
            "nodelocal://0/x13?COCKROACH_LOCALITY=default",
            False,
            True,
            "nodelocal://0/x13?COCKROACH_LOCALITY=default",
        ),
        ("workload:///csv/bank/t?b=1&a=2", False, True, "workload:///csv/bank/t?b=1&a=2"),
        ("s3://b/%zz?CREDENTIALS=x", False, True, REDACT_FAILED),
        ("nodelocal://0/ž", False, True, "nodelocal://0/%C5%BE"),
        ("nodelocal://0/a!b", False, True, "nodelocal://0/a!b"),
    ],
)
def test_redacted_text(text: str, kms: bool, hide: bool, expected: str) -> None:
    assert redact_uri(text, kms=kms, hide_kms_key=hide) == expected


@pytest.mark.parametrize("name", [*sorted(SECRET_PARAMS), "aws_secret_access_key", "Bearer_Token"])
@pytest.mark.parametrize("head", ["s3://b/p", "s3:opaque", "/path", "", "s3://b/%zz", "s3://b:x/", "a b"])
def test_no_secret_in_any_text(name: str, head: str) -> None:
    text = f"{head}?A=1&{name}=topsecret&B=2&{name}=topsecret"
    printed = [redact_uri(text), redact_uri(text, kms=True), redact_uri(text, kms=True, hide_kms_key=False)]
    for parse in (parse_storage_uri, parse_kms_uri):
        try:
            uri = parse(text)
        except InvalidValueError as exc:
            printed += [str(exc), repr(exc)]
        else:
            printed += [str(uri), repr(uri), uri.bare(), f"{uri}"]
            assert uri.reveal().count("topsecret") == 2
    assert not any("topsecret" in shown for shown in printed)


@pytest.mark.parametrize(
    "text", ["s3://u:topsecret@b/p", "s3://u:top@secret@b:x/p", "s3://u:topsecret@b/%zz"]
)
def test_no_password_in_any_text(text: str) -> None:
    try:
        shown = repr(parse_storage_uri(text))
    except InvalidValueError as exc:
        shown = str(exc)
    assert "secret" not in shown
    assert "redacted" in shown


def test_bare_text_names_the_place_alone() -> None:
    assert parse_storage_uri("s3://u:p@b/p%20q?A=1").bare() == "s3://b/p%20q"


@pytest.mark.parametrize(
    ("text", "parts", "expected"),
    [
        ("nodelocal://1/c", ("2020/11/21-173854.10",), "nodelocal://1/c/2020/11/21-173854.10"),
        ("nodelocal://1/c/", ("/2020/11", "BACKUP_MANIFEST"), "nodelocal://1/c/2020/11/BACKUP_MANIFEST"),
        ("s3://b?AUTH=implicit&X=a+b", ("x",), "s3://b/x?AUTH=implicit&X=a+b"),
        ("s3://b/p?CREDENTIALS=kept", ("..", "q"), "s3://b/q?CREDENTIALS=kept"),
        ("s3://b/a%2Fb", ("c d",), "s3://b/a/b/c%20d"),
        ("s3://b/a%2Fb", (), "s3://b/a%2Fb"),
        ("s3://b/a%2Fb", ("/", ""), "s3://b/a%2Fb"),
        ("s3://b//p", ("x",), "s3://b/p/x"),
    ],
)
def test_join_keeps_parameters(text: str, parts: tuple[str, ...], expected: str) -> None:
    assert join(parse_storage_uri(text), *parts).reveal() == expected


def test_localities() -> None:
    uris = [
        parse_storage_uri("nodelocal://0/a?COCKROACH_LOCALITY=default&B=1&A=2"),
        parse_storage_uri("nodelocal://0/b?COCKROACH_LOCALITY=region%3Deast"),
        parse_storage_uri("nodelocal://0/c?COCKROACH_LOCALITY=region%3Dwest"),
    ]
    places = resolve_localities(uris)
    assert places.default.reveal() == "nodelocal://0/a?A=2&B=1"
    assert {key: uri.reveal() for key, uri in places.by_locality.items()} == {
        "region=east": "nodelocal://0/b",
        "region=west": "nodelocal://0/c",
    }


@pytest.mark.parametrize("text", ["nodelocal://0/a?COCKROACH_LOCALITY=default", "nodelocal://0/a"])
def test_single_location(text: str) -> None:
    places = resolve_localities([parse_storage_uri(text)])
    assert places.default.reveal() == "nodelocal://0/a"
    assert not places.by_locality


@pytest.mark.parametrize(
    ("localities", "message"),
    [
        # fixtures/golden/20.2/k_errors/output.txt; conformance/*/scenarios/08_uris.json; reference/sql/09 §4
        (["region=west"], "COCKROACH_LOCALITY region=west is invalid for a single BACKUP location"),
        (
            ["", ""],
            "multiple URLs are provided for partitioned BACKUP, but COCKROACH_LOCALITY is not specified",
        ),
        (["default", "default"], "multiple default URLs provided for partition backup"),
        (["region=east", "region=west"], "no default URL provided for partitioned backup"),
        (
            ["default", "bad"],
            'failed to parse backup locality: tier must be in the form "key=value" not "bad"',
        ),
        (
            ["default", "a=b=c"],
            'failed to parse backup locality: tier must be in the form "key=value" not "a=b=c"',
        ),
        (["default", "r=e", "r=e"], "duplicate URIs for locality r=e"),
    ],
)
def test_localities_that_do_not_fit(localities: list[str], message: str) -> None:
    texts = [
        f"nodelocal://0/{i}?COCKROACH_LOCALITY={text.replace('=', '%3D')}"
        for i, text in enumerate(localities)
    ]
    with pytest.raises(InvalidOptionError) as caught:
        resolve_localities([parse_storage_uri(text) for text in texts])
    assert caught.value.message == message


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_text_that_parses_means_the_same_when_revealed(text: str) -> None:
    for head in ("", "s3://b/"):
        try:
            uri = parse_storage_uri(head + text)
        except InvalidValueError:
            continue
        again = parse_storage_uri(uri.reveal())
        assert (again.scheme, again.host, again.params) == (uri.scheme, uri.host, uri.params)
        assert again.path.removeprefix("./") == uri.path.removeprefix("./")


@pytest.mark.parametrize(
    ("localities", "expected"),
    [
        (["region%3De", "default", "region%3Dw"], "102"),
        (["region%3De", "", "region%3Dw"], "102"),
        (["", "", ""], "012"),
        (["region%3De"], "0"),
    ],
)
def test_the_default_comes_first_of_what_is_read(localities: list[str], expected: str) -> None:
    texts = [
        f"nodelocal://1/{n}" + (f"?COCKROACH_LOCALITY={text}" if text else "")
        for n, text in enumerate(localities)
    ]
    ordered = order_localities([parse_storage_uri(text) for text in texts])
    assert [uri.reveal() for uri in ordered] == [f"nodelocal://1/{n}" for n in expected]


def test_a_nodes_locality_has_tiers() -> None:
    assert parse_locality("region=eu,az=1") == ("region=eu", "az=1")
    for text, message in (
        ("", "can't have empty locality"),
        ("a=b,c", 'tier must be in the form "key=value" not "c"'),
    ):
        with pytest.raises(InvalidOptionError) as caught:
            parse_locality(text)
        assert caught.value.message == message
