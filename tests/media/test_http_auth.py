import hashlib
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.http_auth import Authenticator, Challenge, parse_challenges
from hwtests.camera.auth import Guard
from hwtests.camera.config import Scheme

CIRCLE = "Circle of Life"
MUFASA_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def answer(challenge: str, *, user: str = "Mufasa", password: str = CIRCLE, nonce: str = "") -> dict[str, str]:
    """The parameters of the answer to GET /dir/index.html."""
    authenticator = Authenticator(user, password)
    assert authenticator.take([challenge])
    with mock.patch("secrets.token_hex", lambda _: nonce):
        header = authenticator.header("GET", "/dir/index.html")["Authorization"]
    (parsed,) = parse_challenges([header])
    return parsed.parameters


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    given_ = answer(MUFASA_7616.format(algorithm=algorithm), nonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    assert given_["response"] == response
    assert (given_["nc"], given_["qop"], given_["algorithm"]) == ("00000001", "auth", algorithm)
    assert given_["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_the_example_of_rfc_2617() -> None:
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    given_ = answer(challenge, password="Circle Of Life", nonce="0a4f113b")
    assert given_["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in given_


def test_the_example_of_rfc_7617() -> None:
    authenticator = Authenticator("Aladdin", "open sesame")
    assert authenticator.take(['Basic realm="WallyWorld"'])
    assert authenticator.header("GET", "/") == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324


def test_integrity_alone_hashes_the_empty_body() -> None:
    given_ = answer('Digest realm="r", nonce="n", qop="auth-int"', user="u", password="p", nonce="c")
    second = md5(f"GET:/dir/index.html:{md5('')}")
    assert given_["response"] == md5(f"{md5('u:r:p')}:n:00000001:c:auth-int:{second}")
    assert given_["qop"] == "auth-int"


def test_session_algorithms_hash_the_nonces_in() -> None:
    given_ = answer('Digest realm="r", nonce="n", qop=auth, algorithm=MD5-sess', user="u", password="p", nonce="c")
    first = md5(f"{md5('u:r:p')}:n:c")
    assert given_["response"] == md5(f"{first}:n:00000001:c:auth:{md5('GET:/dir/index.html')}")
    assert given_["algorithm"] == "MD5-sess"


@pytest.mark.parametrize("schemes", [(scheme,) for scheme in Scheme] + [tuple(Scheme)])
def test_a_server_that_checks_admits_us(schemes: tuple[Scheme, ...]) -> None:
    guard = Guard("admin", 'pass"word\\ü', schemes)
    authenticator = Authenticator("admin", 'pass"word\\ü')
    assert authenticator.header("DESCRIBE", "rtsp://a/b") == {}
    assert authenticator.take(guard.challenges())
    for method in ("DESCRIBE", "SETUP"):
        assert guard.admits(method, authenticator.header(method, "rtsp://a/b")["Authorization"])


@pytest.mark.parametrize(
    ("headers", "scheme", "algorithm"),
    [
        (['Basic realm="r"', 'Digest realm="r", nonce="n"'], "digest", "MD5"),
        (['Basic realm="r", Digest realm="r", nonce="n"'], "digest", "MD5"),
        (
            ['Digest realm="r", nonce="n", algorithm=MD5, Digest realm="r", nonce="m", algorithm="SHA-256"'],
            "digest",
            "SHA-256",
        ),
        (["Negotiate", 'NTLM TlRM=, Basic realm="a, Digest nonce=\\"x"'], "basic", "MD5"),
        (['digest Realm = "r" , NONCE="n" , algorithm=md5'], "digest", "MD5"),
        (['Digest realm="r", nonce="n", algorithm=SHA-1', "Basic"], "basic", "MD5"),
        (['Digest realm="r" nonce="n" algorithm=SHA-512-256'], "digest", "SHA-512-256"),
    ],
)
def test_the_strongest_challenge_is_taken(headers: list[str], scheme: str, algorithm: str) -> None:
    authenticator = Authenticator("u", "p")
    assert authenticator.take(headers)
    assert authenticator._challenge is not None
    assert (authenticator._challenge.scheme, authenticator._challenge.algorithm) == (scheme, algorithm)


@pytest.mark.parametrize("headers", [[], [""], ["Bearer"], ['Digest realm="r", algorithm=SHA-1'], ["="], ['realm="r"']])
def test_challenges_that_we_cannot_answer(headers: list[str]) -> None:
    assert not Authenticator("u", "p").take(headers)


def test_nobody_is_not_sent() -> None:
    assert not Authenticator("", "").take(['Basic realm="r"'])


def test_a_second_challenge_means_wrong_credentials_unless_the_nonce_was_stale() -> None:
    authenticator = Authenticator("u", "p")
    assert authenticator.take(['Digest realm="r", nonce="1"'])
    assert not authenticator.take(['Digest realm="r", nonce="2"'])
    assert authenticator.take(['Digest realm="r", nonce="3", stale=TRUE'])
    assert not authenticator.take(['Digest realm="r", nonce="3", stale=true'])


def test_every_request_counts_the_nonce_on() -> None:
    authenticator = Authenticator("u", "p")
    authenticator.take(['Digest realm="r", nonce="1", qop="auth"'])
    headers = [authenticator.header("GET", "/")["Authorization"] for _ in range(3)]
    assert [parse_challenges([h])[0].parameters["nc"] for h in headers] == ["00000001", "00000002", "00000003"]


def test_names_cannot_break_out_of_their_header() -> None:
    header = answer('Digest realm="r", nonce="n"', user='a"b\\c\r\nX: y')["username"]
    assert header == 'a\\"b\\\\cX: y'


def test_a_password_shows_nowhere() -> None:
    authenticator = Authenticator("u", "very-secret")
    authenticator.take(['Digest realm="r", nonce="n"'])
    assert "very-secret" not in repr(authenticator) + str(authenticator.header("GET", "/"))


def test_several_challenges_of_one_header() -> None:
    header = 'Basic realm="simple", charset="UTF-8", Newauth realm="apps", type=1, title="Login to \\"apps\\""'
    assert parse_challenges([header]) == [
        Challenge("basic", {"realm": "simple", "charset": "UTF-8"}),
        Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to \\"apps\\"'}),
    ]


@given(st.lists(st.text(max_size=60) | st.text(alphabet='Digest basic,="\\nore alm', max_size=200), max_size=4))
def test_any_challenge_is_answered_or_refused(headers: list[str]) -> None:
    authenticator = Authenticator("u", "p")
    for _ in range(2):
        authenticator.take(headers)
        for value in authenticator.header("GET", "/").values():
            value.encode()


def test_a_hostile_header_is_read_in_good_time() -> None:
    assert not Authenticator("u", "p").take(['x="\\"=' * 20_000])
