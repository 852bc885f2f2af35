"""An idle client of MySQL's protocol: the end-to-end tests' wire, with which the server's answer to a log-in is all that is read."""
import pathlib
import sys

import measure

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from mysql_wire import LoginError, Wire, WireClosed  # noqa: E402  (found through the line above)


class Client:
    def __init__(self, site, port, query):
        self._query = query
        try:
            self._wire = Wire.login(port, site.user, site.password, site.database)
        except (LoginError, WireClosed) as error:
            raise measure.MeasureError(str(error)) from None

    def query(self):
        try:
            heard = self._wire.sql(self._query)
        except WireClosed as error:
            raise measure.MeasureError(str(error)) from None
        if heard[0].startswith("ERR"):
            raise measure.MeasureError(heard[0])

    def close(self):
        self._wire.close()
