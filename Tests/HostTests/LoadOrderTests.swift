import Testing

@testable import Host

@Suite("The order in which modules start")
struct LoadOrderTests {
    /// `app<db/1 cache/1?>log/1`: the module app requires db/1, can use cache/1, and provides log/1.
    private func note(_ text: String) throws -> ModuleNote {
        let provides = text.split(separator: ">", omittingEmptySubsequences: false)
        let requires = provides[0].split(separator: "<", omittingEmptySubsequences: false)
        var lines = "name=\(requires[0])\nversion=1\nabi=1.0\n"
        if requires.count > 1 { for word in requires[1].split(separator: " ") { lines += "requires=\(word)\n" } }
        if provides.count > 1 { for word in provides[1].split(separator: " ") { lines += "provides=\(word)\n" } }
        return try ModuleNote(content: Array(lines.utf8))
    }

    private func sort(_ texts: [String]) throws -> (names: String, faults: [LoadOrder.Fault]) {
        let notes = try texts.map(note)
        let (order, faults) = LoadOrder.sort(notes)
        #expect(order.sorted() == Array(notes.indices), "each module has one place")
        return (order.map { notes[$0].name }.joined(separator: " "), faults.map(\.fault))
    }

    @Test(
        "Providers come first; otherwise the config's order stays",
        arguments: [
            (["c", "a", "b"], "c a b"),
            (["app<db/1", "x", "db>db/1"], "db app x"),
            (["x", "db>db/1", "app<db/1"], "x db app"),
            (["app<db/1", "db<disk/1>db/1", "disk>disk/1"], "disk db app"),
            (["app<db/1:b", "a>db/1:a", "b>db/1:b"], "b app a"),
            (["app<db/1", "a>db/1:a", "b>db/1:b"], "a b app"),
            (["app<log/1?", "log>log/1"], "log app"),
            (["app<log/1?"], "app"),
        ])
    func orders(texts: [String], expected: String) throws {
        let (names, faults) = try sort(texts)
        #expect(names == expected)
        #expect(faults.isEmpty)
    }

    @Test(
        "An optional requirement never makes a circle",
        arguments: [
            (["a<b/1?>a/1", "b<a/1>b/1"], "a b"),
            (["b<a/1>b/1", "a<b/1?>a/1"], "a b"),
            (["a<b/1?>a/1", "b<a/1?>b/1"], "b a"),
            (["a<b/1?>a/1", "b<c/1>b/1", "c<a/1>c/1"], "a c b"),
            (["a<a/1?>a/1"], "a"),
        ])
    func optionalCircles(texts: [String], expected: String) throws {
        let (names, faults) = try sort(texts)
        #expect(names == expected)
        #expect(faults.isEmpty)
    }

    @Test(
        "A circle is named all the way round",
        arguments: [
            (["hen<egg/1>hen/1", "egg<hen/1>egg/1"], ["hen", "egg", "hen"]),
            (["x", "a<b/1>a/1", "b<c/1>b/1", "c<a/1>c/1"], ["a", "b", "c", "a"]),
            (["self<self/1>self/1"], ["self", "self"]),
        ])
    func circles(texts: [String], circle: [String]) throws {
        #expect(try sort(texts).faults == [.cycle(circle)])
    }

    @Test("What nobody provides is named with the module that requires it")
    func missing() throws {
        let (_, faults) = try sort(["app<db/1:flatstore other/1", "db>db/1:sqlite"])
        #expect(
            faults == [
                .missing(module: "app", interface: "db/1:flatstore"), .missing(module: "app", interface: "other/1"),
            ])
    }
}
