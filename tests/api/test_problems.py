import json

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.api.problems import decode
from appliance.core.errors import ProblemError
from tests.api.test_bad_input import BODIES, OBJECTS


@given(content=st.binary(max_size=60) | OBJECTS.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=150, deadline=None)
def test_any_bytes_fit_a_model_or_are_a_problem(content: bytes) -> None:
    for route in BODIES:
        try:
            assert isinstance(decode(content, route.body), route.body)  # type: ignore[arg-type]
        except ProblemError as problem:
            assert problem.status == 400
            assert len(problem.title) < 300
