from tests.bus.broker import broker_fixture

__all__ = ["broker_fixture"]
