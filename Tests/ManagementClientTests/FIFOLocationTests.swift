import Configuration
import ManagementClient
import Testing

@Suite("Finding the host")
struct FIFOLocationTests {
    private func find(
        fifo: String? = nil, configuration: ConfiguredFIFO? = nil, environment: [String: String] = [:],
        existing: Set<String> = []
    ) throws -> FIFOLocation {
        try FIFOLocation.find(
            fifo: fifo, configuration: configuration, environment: { environment[$0] },
            isFIFO: { existing.contains($0) })
    }

    private func configured(_ text: String, path: String = "/etc/modhost/modules.conf") throws
        -> ConfiguredFIFO
    {
        try ConfiguredFIFO(
            ConfigurationFile.parse(text: text, path: path, reader: InMemoryReader()), path: path)
    }

    @Test(
        "An explicit path wins over the configuration, that over the environment, that over the usual places")
    func order() throws {
        let configuration = try configured(#"modparam("mi-fifo", "fifo_name", "/c/fifo")"#)
        let environment = ["MODHOST_FIFO": "/e/fifo"]
        let existing: Set = ["/run/modhost/modhost.fifo"]
        #expect(
            try find(
                fifo: "/x/fifo", configuration: configuration, environment: environment, existing: existing)
                == FIFOLocation(requestPath: "/x/fifo", replyDirectory: "/x"))
        #expect(
            try find(configuration: configuration, environment: environment, existing: existing)
                == FIFOLocation(requestPath: "/c/fifo", replyDirectory: "/c"))
        #expect(
            try find(environment: environment, existing: existing)
                == FIFOLocation(requestPath: "/e/fifo", replyDirectory: "/e"))
        #expect(
            try find(environment: ["MODHOST_FIFO": ""], existing: existing)
                == FIFOLocation(requestPath: "/run/modhost/modhost.fifo", replyDirectory: "/run/modhost"))
    }

    @Test("The usual places are tried in their order, and all are named if none holds a FIFO")
    func usualPlaces() throws {
        let places = ["/run/modhost/modhost.fifo", "/run/user/1/modhost/modhost.fifo", "./run/modhost.fifo"]
        let environment = ["XDG_RUNTIME_DIR": "/run/user/1"]
        for (index, place) in places.enumerated() {
            let found = try find(environment: environment, existing: Set(places[index...]))
            #expect(found.requestPath == place)
        }
        let error = #expect(throws: ManagementClientError.noFIFO(tried: places)) {
            try find(environment: environment)
        }
        #expect(
            error?.description == """
                no host found: there is no FIFO at /run/modhost/modhost.fifo, /run/user/1/modhost/modhost.fifo or \
                ./run/modhost.fifo; start modhost, or name its FIFO with --fifo, MODHOST_FIFO or -f modules.conf
                """)
    }

    @Test("The reply directory is the configuration's, else the environment's, else the FIFO's own")
    func replyDirectory() throws {
        let environment = ["MODHOST_REPLY_DIR": "/replies"]
        let silent = try configured("")
        let speaking = try configured(#"modparam("mi_fifo", "reply_dir", "/tmp/")"#)
        #expect(
            try find(fifo: "/x/f", configuration: speaking, environment: environment).replyDirectory
                == "/tmp/")
        #expect(
            try find(fifo: "/x/f", configuration: silent, environment: environment).replyDirectory
                == "/replies")
        #expect(try find(fifo: "/x/f", configuration: silent).replyDirectory == "/x")
        #expect(try find(fifo: "f").replyDirectory == ".")
        #expect(try find(fifo: "/f").replyDirectory == "/")
    }

    static let configurations: [(String, String, String?)] = [
        ("", "/run/modhost/modhost.fifo", nil),
        (#"run_dir = "run""#, "/etc/modhost/run/modhost.fifo", nil),
        (#"run_dir = "/var/run/mh/""#, "/var/run/mh/modhost.fifo", nil),
        (#"modparam("mi-fifo", "fifo_name", "a.fifo")"#, "/run/modhost/a.fifo", nil),
        (
            "run_dir = \"run\"\nmodparam(\"mi_fifo\", \"fifo_name\", \"a\")\nmodparam(\"mi-fifo\", \"reply_dir\", \"r/\")",
            "/etc/modhost/run/a", "/etc/modhost/run/r/"
        ),
        (#"modparam("acc|mi-fifo", "fifo_name", "/x")"#, "/x", nil),
        (#"modparam("acc", "fifo_name", "/x")"#, "/run/modhost/modhost.fifo", nil),
        (
            "modparam(\"mi-fifo\", \"fifo_name\", \"/x\")\nmodparam(\"mi-fifo\", \"fifo_name\", \"/y\")",
            "/y", nil
        ),
    ]

    @Test("A configuration names the FIFO as the host reads it", arguments: configurations)
    func configuration(text: String, path: String, replies: String?) throws {
        let found = try configured(text)
        #expect(found.path == path)
        #expect(found.replyDirectory == replies)
    }

    @Test("A relative configuration path leaves the run directory relative to it")
    func relative() throws {
        #expect(try configured(#"run_dir = "run""#, path: "modules.conf").path == "run/modhost.fifo")
        #expect(try configured(#"run_dir = "run""#, path: "etc/modules.conf").path == "etc/run/modhost.fifo")
    }

    @Test("A value of a wrong type and a broken file are reported with their place")
    func errors() throws {
        let error = #expect(throws: ManagementClientError.self) {
            try configured("run_dir = 5\nmodparam(\"mi-fifo\", \"fifo_name\", \"\")")
        }
        #expect(
            error?.description == """
                /etc/modhost/modules.conf:1:11: error: run_dir is the integer 5, expected a path in quotes
                /etc/modhost/modules.conf:2:34: error: fifo_name is the string "", expected a path in quotes
                """)
        #expect(error?.exitStatus == 2)
        #expect(throws: ManagementClientError.self) { try configured("modparam(") }
    }
}
