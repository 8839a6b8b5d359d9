"""VictoriaMetrics: points as InfluxDB's lines and as its own JSON over HTTP."""

import urllib.request

from peers.peer import Peer, free_port, takes_connections


class VictoriaMetrics(Peer):
    title, package, program = "VictoriaMetrics", "victoria-metrics", "victoria-metrics"
    kinds = ["victoria", "victoria-json"]

    def command(self):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        return ["-retentionPeriod=100y", f"-storageDataPath={self.folder}/data", f"-httpListenAddr={self.address}",
                "-loggerLevel=ERROR"]

    def is_ready(self):
        return takes_connections(self.port)

    def settle(self):
        """Makes what is written readable."""
        with urllib.request.urlopen(f"http://{self.address}/internal/force_flush", timeout=20) as answer:
            answer.read()
