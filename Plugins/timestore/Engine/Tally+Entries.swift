extension Tally {
    /// Name, meaning and value of each count, as statistics and `timestore.stats` show them.
    var entries: [(name: String, help: String, read: () -> Int64)] {
        [
            ("puts", "PUT requests.", { Int64(self.puts.now) }),
            ("gets", "GET requests.", { Int64(self.gets.now) }),
            ("stored", "Records that were stored.", { Int64(self.stored.now) }),
            ("found", "Records that were found for GET requests.", { Int64(self.found.now) }),
            ("received_bytes", "Bytes read from clients.", { Int64(self.receivedBytes.now) }),
            ("refused_requests", "Requests of unknown type or with a malformed UUID.", { Int64(self.refusedRequests.now) }),
            ("errors", "Writes, reads and commits that failed.", { Int64(self.storeErrors.now) }),
            ("connections", "Clients that are connected.", { Int64(self.connections.now) }),
            ("refused_connections", "Connections beyond max_connections.", { Int64(self.refusedConnections.now) }),
            ("idle_connections", "Connections ended by idle_timeout.", { Int64(self.idleConnections.now) }),
            ("bytes_in_flight", "Bytes of requests that are not answered yet.", { Int64(self.bytesInFlight.now) }),
            ("open_files", "Files that are held open.", { Int64(self.openFiles.now) }),
            ("series", "Series whose files are kept in mind.", { Int64(self.series.now) }),
            ("mended", "Files that were mended after a crash.", { Int64(self.mended.now) }),
            ("rewrites", "Rewrites of small files for records out of order.", { Int64(self.rewrites.now) }),
            ("commits", "Times that data was written to the disk.", { Int64(self.commits.now) }),
        ]
    }
}
