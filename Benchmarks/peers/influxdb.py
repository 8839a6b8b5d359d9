"""InfluxDB 1: points as lines over HTTP."""

import os
import urllib.parse
import urllib.request

from peers.peer import Peer, free_port, takes_connections

CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{control}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
"""


class InfluxDB(Peer):
    title, package, program = "InfluxDB", "influxdb", "influxd"
    kinds = ["influx"]

    def command(self):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        path = os.path.join(self.folder, "influxdb.conf")
        with open(path, "w") as file:
            file.write(CONFIG.format(folder=self.folder, port=self.port, control=free_port()))
        return ["-config", path]

    def is_ready(self):
        if not takes_connections(self.port):
            return False
        form = urllib.parse.urlencode({"q": "create database bench"}).encode()
        with urllib.request.urlopen(f"http://{self.address}/query", form, timeout=20) as answer:
            return answer.status == 200

    def settle(self):
        """What is written can be read at once."""
