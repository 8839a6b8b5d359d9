// Inputs of the framing tests, and random numbers to cut and mix them with.

private let rpc = #"{"jsonrpc":"2.0","method":"which","reply_name":"r","id":1}"#

/// Inputs whose framing must not depend on how they arrive.
enum Samples {
    static let all: [[UInt8]] =
        texts.map { Array($0.utf8) } + [[0, 0xff, 0x0a, 0x3a], [0x3a, 0xc3, 0x3a, 0x0a, 0x0a]]

    private static let texts = [
        ":which:r\n\n", ":get:r\r\nusers\r\n\"a \\\" b\r\nc\"\r\n\r\n", ":a:b:c\nn:: \"v\" \nx::y\n \n\n",
        ":get:r\na\"b\nc\n\n:which:s\n\n", ":get:r\nu\n:which:s\n\n", ":get:r\nu\n" + rpc,
        ":x\n\narg\n\n:which:r\n\n",
        rpc, rpc + "\n" + rpc, "[\(rpc),\(rpc)]\n", ":r:" + rpc + "\n", "::" + rpc,
        ":r:  {\"a\":1}:which:r\n\n",
        #"{"a":"\\\"}{"}"#, "{\"a\":\"b\n" + rpc, "{\"a\":{\n:which:r\n\n", "{\"a\":{\n" + rpc + "\n",
        "}}" + rpc, "]\n}", "{\"a\":\"b\\\n" + rpc + "\n", "{\"a\":\"b\\\"\n" + rpc, "{\"a\":\"b\\",
        #"{"jsonrpc":"2.0","me"# + rpc + "\n", "junk" + rpc + rpc, "junk\n:which:r\n\n",
        ":junk" + rpc + "\n:which:r\n\n",
        "\n\r\n \t:which:r\n\n\n", ":get:r\n" + String(repeating: "long ", count: 30) + "\n\n:which:r\n\n",
        "{\"p\":\"" + String(repeating: "y", count: 90) + "\",\"reply_name\":\"r\"}:which:r\n\n",
    ]
}

/// Random numbers that are the same in each run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var mixed = state
        mixed = (mixed ^ (mixed >> 33)) &* 0xff51_afd7_ed55_8ccd
        return mixed ^ (mixed >> 33)
    }
}
