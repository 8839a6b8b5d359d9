import JSON
import TestSupport
import Testing

/// The three framings as clients write them, and the replies byte for byte.
@Suite("Requests and replies over the real FIFO")
struct FifoFramingTests {
    private func host(_ lines: String...) throws -> RunningHost {
        try RunningHost(
            RunningHost.configuration(
                (["loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\""] + lines)
                    .joined(separator: "\n")))
    }

    @Test("Plain shell: printf into the FIFO, cat out of a reply FIFO")
    func plainShell() throws {
        let host = try host()
        let script = """
            mkfifo run/r
            timeout 20 cat run/r & reader=$!
            printf ':flat_rotate:r\\n\\n' > run/modhost.fifo
            wait $reader
            timeout 20 cat run/r & reader=$!
            printf ':core.echo:r\\r\\none\\r\\n\\r\\n' > run/modhost.fifo
            wait $reader
            """
        let result = try runToEnd("sh", ["-c", script], directory: host.directory.path)
        #expect(result.errors == "")
        #expect(result.output == "200 OK\n\n200 OK\none\n\n")
    }

    @Test("Classic text: arguments in order, by name, quoted, over several lines")
    func classicArguments() throws {
        let host = try host()
        #expect(try host.classic("core.echo", "a", " b c ", "5") == "200 OK\na\nb c\n5\n\n")
        #expect(try host.classic("core.echo", "\"q\\\"x\"", "\" a \"") == "200 OK\nq\"x\n a \n\n")
        #expect(try host.classic("core.echo", "\"two", "lines\"") == "200 OK\ntwo\nlines\n\n")
        // A name that the command has binds; any other is part of a value, so a key with :: needs no quotes.
        #expect(try host.classic("core.echo", "value::x", "c::d") == "200 OK\nx\nc::d\n\n")
        let byName = try host.classic("help", "command::which")
        #expect(try byName == host.classic("help", "which"))
        #expect(byName.hasPrefix("200 OK\nname:: which\nsummary:: "))
    }

    @Test("Classic text: every reply ends with an empty line, errors too")
    func classicErrors() throws {
        let host = try host()
        #expect(try host.classic("nope") == "500 command 'nope' not available\n\n")
        #expect(
            try host.classic("flat_rotat")
                == "500 command 'flat_rotat' not available (did you mean flat_rotate?)\n\n")
        #expect(
            try host.classic("core.echo", "\"a\"b")
                == "400 parse error in command 'core.echo': line 2: found 'b' after the closing quote, expected the end of the line\n\n"
        )
        #expect(
            try host.classic("pwd", "x")
                == "400 Too few or too many arguments: pwd takes no arguments, got 1 (usage: pwd)\n\n")
        #expect(
            try host.classic("debug", "many")
                == "400 Bad parameter: the level is 'many', expected a number from -5 to 3\n\n")
        #expect(
            try host.exchange { "no colon at first\n:which\n:core.echo:\($0)\nx\n\n" } == "200 OK\nx\n\n")
    }

    @Test("Kamailio 5: JSON with reply_name inside, in its pretty layout byte for byte")
    func kamailioJSON() throws {
        let host = try host()
        let scalars = try host.exchange {
            #"{"jsonrpc": "2.0", "method": "core.echo", "params": ["a", 1, 2.5, true, "é\t\"\\"], "reply_name": "\#($0)", "id": 7}"#
                + "\n"
        }
        #expect(
            scalars
                == "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t[\"a\", 1, 2.5, true, \"é\\t\\\"\\\\\"],\n\t\"id\":\t7\n}")
        let objects = try host.exchange {
            #"{"jsonrpc":"2.0","method":"module.params","params":["mi-fifo"],"reply_name":"\#($0)","id":"x"}"#
        }
        #expect(
            objects.hasPrefix(
                "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t[{\n\t\t\t\"name\":\t\"fifo_name\",\n\t\t\t\"type\":\t\"string\",\n"
            ))
        #expect(objects.contains("\n\t\t}, {\n\t\t\t\"name\":\t\"fifo_mode\",\n"))
        #expect(objects.hasSuffix("\n\t\t}],\n\t\"id\":\t\"x\"\n}"))
        let nested = try host.exchange {
            #"{"jsonrpc":"2.0","method":"config.show","reply_name":"\#($0)","id":1}"#
        }
        #expect(nested.contains("\n\t\t\"core\":\t{\n\t\t\t\"workers\":\t2,\n"))
        let empty = try host.exchange {
            #"{"jsonrpc":"2.0","method":"reset_statistics","params":["all"],"reply_name":"\#($0)","id":1}"#
        }
        #expect(empty == "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t{\n\t},\n\t\"id\":\t1\n}")
        let error = try host.exchange {
            #"{"jsonrpc":"2.0","method":"nope","reply_name":"\#($0)","id":1}"#
        }
        #expect(
            error
                == "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"error\":\t{\n\t\t\"code\":\t-32601,\n\t\t\"message\":\t\"Method not found: nope\"\n\t},\n\t\"id\":\t1\n}"
        )
    }

    @Test("pretty_format = 0 answers on one line")
    func compact() throws {
        let host = try host("modparam(\"mi-fifo\", \"pretty_format\", 0)")
        #expect(
            try host.exchange { #"{"jsonrpc":"2.0","method":"core.echo","reply_name":"\#($0)","id":1}"# }
                == #"{"jsonrpc":"2.0","result":[],"id":1}"#)
        #expect(
            try host.exchange {
                #"{"jsonrpc":"2.0","method":"help","params":[7],"reply_name":"\#($0)","id":1}"#
            }
                == #"{"jsonrpc":"2.0","error":{"code":404,"message":"there is no command 7"},"id":1}"#)
        #expect(
            try host.exchange {
                #"[{"jsonrpc":"2.0","method":"core.echo","params":[1],"reply_name":"\#($0)","id":1},{"jsonrpc":"2.0","method":"core.echo","id":2}]"#
            } == #"[{"jsonrpc":"2.0","result":[1],"id":1},{"jsonrpc":"2.0","result":[],"id":2}]"#)
    }

    @Test("OpenSIPS 3: the reply name in front of the JSON on a line")
    func openSIPS() throws {
        let host = try host()
        #expect(
            try host.exchange { #":\#($0):{"jsonrpc":"2.0","method":"core.echo","params":[],"id":3}"# + "\n" }
                == "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t[],\n\t\"id\":\t3\n}")
        // An empty name: it runs, and nobody is answered.
        try host.send(#"::{"jsonrpc":"2.0","method":"debug","params":[1],"id":4}"# + "\n")
        #expect(eventually { (try? host.command("debug")) == ["level": 1] })
    }

    @Test("The errors of JSON-RPC 2.0 say what is wrong")
    func faults() throws {
        let host = try host("modparam(\"mi-fifo\", \"pretty_format\", 0)")
        func fault(_ request: (String) -> String) throws -> String {
            let reply = try JSONValue.parse(Array(host.exchange(request).utf8))
            let error = try #require(reply["error"])
            return "\(error["code"]?.integer ?? 0) \(error["message"]?.string ?? "") id \(reply["id"] ?? "absent")"
        }
        #expect(
            try fault { #"{"jsonrpc":"2.0","method":"pwd" "id":1,"reply_name":"\#($0)"}"# }
                .hasPrefix("-32700 Parse error: line 1, column "))
        #expect(
            try fault { #"{"method":"pwd","id":1,"reply_name":"\#($0)"}"# }
                == "-32600 Invalid Request: the member \"jsonrpc\" is missing, expected \"2.0\" id integer(1)")
        #expect(
            try fault { #"{"jsonrpc":"2.0","id":1,"reply_name":"\#($0)"}"# }
                == "-32600 Invalid Request: the member \"method\" is missing id integer(1)")
        #expect(
            try fault { #"{"jsonrpc":"2.0","method":5,"id":"a","reply_name":"\#($0)"}"# }
                == "-32600 Invalid Request: the member \"method\" is an integer, expected a string id string(\"a\")"
        )
        #expect(
            try fault { #"{"jsonrpc":"2.0","method":"pwd","id":[],"reply_name":"\#($0)"}"# }
                == "-32600 Invalid Request: the member \"id\" is an array, expected a string or a number id null")
        #expect(
            try fault { #"{"jsonrpc":"2.0","method":"flat_rotat","id":1,"reply_name":"\#($0)"}"# }
                == "-32601 Method not found: flat_rotat (did you mean flat_rotate?) id integer(1)")
        #expect(
            try fault { #"{"jsonrpc":"2.0","method":"pwd","params":7,"id":1,"reply_name":"\#($0)"}"# }
                == "-32602 Invalid params: \"params\" is an integer, expected an array or an object id integer(1)")
        #expect(
            try fault { #"{"jsonrpc":"2.0","method":"module.info","id":1,"reply_name":"\#($0)"}"# }
                == "-32602 module.info: the argument name is missing (usage: module.info NAME) id integer(1)")
        #expect(
            try fault {
                #"{"jsonrpc":"2.0","method":"module.info","params":{"nam":"x"},"id":1,"reply_name":"\#($0)"}"#
            }
                == "-32602 module.info has no argument nam (usage: module.info NAME); did you mean name? id integer(1)"
        )
        #expect(
            try fault {
                #"{"jsonrpc":"2.0","method":"module.info","params":[true],"id":1,"reply_name":"\#($0)"}"#
            }
                == "-32602 module.info: the argument name is a boolean, expected a string id integer(1)")
        #expect(
            try fault { #"{"jsonrpc":"2.0","method":"module.info","params":["x"],"id":1,"reply_name":"\#($0)"}"# }
                == "404 no module x is loaded id integer(1)")
    }

    @Test("A batch is answered in order, its notifications are not, its bad elements are")
    func batch() throws {
        let host = try host("modparam(\"mi-fifo\", \"pretty_format\", 0)")
        let reply = try host.exchange {
            #"[{"jsonrpc":"2.0","method":"core.echo","params":[1],"id":1,"reply_name":"\#($0)"},"#
                + #"{"jsonrpc":"2.0","method":"debug","params":[1]},3,"#
                + #"{"jsonrpc":"2.0","method":"nope","id":2},{"jsonrpc":"2.0","method":"debug","id":3}]"#
        }
        let answers = try #require(try JSONValue.parse(Array(reply.utf8)).array)
        #expect(answers.count == 4)
        #expect(answers[0]["result"] == [1])
        #expect(answers[1]["error"]?["code"] == -32600)
        #expect(answers[1]["id"] == .null)
        #expect(answers[2]["error"]?["code"] == -32601)
        #expect(answers[3]["result"] == ["level": 1])
    }

    @Test("A notification runs; whoever reads the reply FIFO it named meets the end without a byte")
    func notification() throws {
        let host = try host()
        let reply = try host.replyFIFO()
        try host.send(
            #"{"jsonrpc":"2.0","method":"debug","params":[1],"reply_name":"\#(reply.name)"}"#)
        #expect(eventually { (try? host.command("debug")) == ["level": 1] })
        #expect(try reply.readToEnd() == [])
    }

    @Test("No reply name: the command runs and nobody is answered")
    func withoutReplyName() throws {
        let host = try host()
        try host.send(":debug:\n1\n\n")
        #expect(eventually { (try? host.command("debug")) == ["level": 1] })
        try host.send(#"{"jsonrpc":"2.0","method":"debug","params":[0],"id":1}"#)
        #expect(eventually { (try? host.command("debug")) == ["level": 0] })
    }

    @Test("Many requests in one write, of all framings and with stray empty lines, are answered in order")
    func manyInOneWrite() throws {
        let host = try host("modparam(\"mi-fifo\", \"pretty_format\", 0)")
        let replies = try (0..<4).map { _ in try host.replyFIFO() }
        try host.send(
            "\n\n:core.echo:\(replies[0].name)\n0\n\n\n\r\n"
                + #"{"jsonrpc":"2.0","method":"core.echo","params":[1],"id":1,"reply_name":"\#(replies[1].name)"}"#
                + #"{"jsonrpc":"2.0","method":"core.echo","params":[2],"id":2,"reply_name":"\#(replies[2].name)"}"#
                + "\n:\(replies[3].name):{\"jsonrpc\":\"2.0\",\"method\":\"core.echo\",\"params\":[3],\"id\":3}\n")
        let texts = try replies.map { String(decoding: try $0.readToEnd(), as: UTF8.self) }
        #expect(
            texts == [
                "200 OK\n0\n\n", #"{"jsonrpc":"2.0","result":[1],"id":1}"#,
                #"{"jsonrpc":"2.0","result":[2],"id":2}"#, #"{"jsonrpc":"2.0","result":[3],"id":3}"#,
            ])
    }

    @Test("A request that trickles in byte by byte is one request")
    func byteByByte() throws {
        let host = try host("modparam(\"mi-fifo\", \"pretty_format\", 0)")
        let reply = try host.replyFIFO()
        let writer = try RequestWriter(host.fifo)
        let request =
            #"{"jsonrpc":"2.0","method":"core.echo","params":["}{\\","a\\\"]"],"id":1,"reply_name":"\#(reply.name)"}"#
        for byte in request.utf8 { try writer.write([byte]) }
        #expect(
            try String(decoding: reply.readToEnd(), as: UTF8.self)
                == #"{"jsonrpc":"2.0","result":["}{\\","a\\\"]"],"id":1}"#)
    }
}
