"""`python -m appliance.api.openapi` prints the OpenAPI description of this version."""

import sys

import msgspec

from appliance.api.description import describe
from appliance.api.services import offline_services
from appliance.api.table import all_routes


def main() -> None:
    """Print it."""
    document = msgspec.json.encode(describe(all_routes(offline_services())))
    sys.stdout.buffer.write(msgspec.json.format(document, indent=1) + b"\n")


if __name__ == "__main__":
    main()
