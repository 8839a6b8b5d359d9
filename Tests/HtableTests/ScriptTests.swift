import Glibc
import ModuleABI
import ModuleKit
import Testing

@testable import HtableEngine

/// The functions and pseudo-variables of a module, called as the evaluator will call them: through the descriptor.
private struct Script {
    let tables = Tables()
    let clock = Clock(at: 1000)
    private let module: UnsafePointer<mh_module>

    init(_ definitions: String...) throws {
        let settings = Settings()
        for definition in definitions { try settings.addTable(.string(definition)) }
        try tables.start(settings, clock: clock)
        let builder = ModuleBuilder(name: "htable", version: "0", summary: "A test.")
        Functions(tables).declare(on: builder)
        Variables(tables).declare(on: builder)
        var found: UnsafePointer<mh_module>?
        #expect(builder.publish(to: &found) == MH_OK)
        module = try #require(found)
    }

    func table(_ name: String) throws -> HashTable { try #require(tables.find(name.utf8)) }

    func call(_ name: String, _ arguments: Content...) throws -> Int32 {
        let function = try #require(
            module.pointee.functions.map(as: mh_script_function.self) { $0 }.first { $0.name.string == name })
        var values: [mh_value] = []
        var texts: [UnsafeMutablePointer<CChar>?] = []
        defer { for text in texts { free(text) } }
        for argument in arguments {
            switch argument {
            case .int(let number): values.append(mh_int(number))
            case .text(let text):
                let copy = strdup(text)
                texts.append(copy)
                values.append(mh_text(mh_str(ptr: copy, len: text.utf8.count)))
            }
        }
        return values.withUnsafeBytes { bytes in
            var array = mh_array(items: bytes.baseAddress, count: UInt32(values.count), stride: 24)
            return function.call(function.ctx, nil, nil, &array)
        }
    }

    private func variable(_ name: String) throws -> mh_script_variable {
        try #require(module.pointee.variables.map(as: mh_script_variable.self) { $0 }.first { $0.name.string == name })
    }

    /// Nil is null.
    func read(_ name: String, _ inner: String) throws -> Content? {
        let variable = try variable(name)
        var value = mh_null()
        #expect(inner.withMHString { variable.get(variable.ctx, nil, nil, $0, &value) } == MH_OK)
        switch value.type {
        case MH_INT: return .int(value.as.integer)
        case MH_STRING: return .text(value.as.text.string)
        default: return nil
        }
    }

    func write(_ name: String, _ inner: String, _ content: Content?) throws -> Int32 {
        let variable = try variable(name)
        let set = try #require(variable.set)
        return inner.withMHString { inner in
            guard let content else {
                var null = mh_null()
                return set(variable.ctx, nil, nil, inner, &null)
            }
            return content.lend { value in
                var raw = Provider.raw(value)
                return set(variable.ctx, nil, nil, inner, &raw)
            }
        }
    }

    func prepares(_ name: String, _ inner: String) throws -> Bool {
        let variable = try variable(name)
        return inner.withMHString { variable.prepare(variable.ctx, $0, nil, nil) } == MH_OK
    }

    /// Reads at a place in the config: `written` is what stands there, `expanded` what it becomes. Nil is null.
    func read(_ name: String, written: String, expanded: String) throws -> (content: Content?, hasSite: Bool) {
        let variable = try variable(name)
        var site: UnsafeMutableRawPointer?
        #expect(written.withMHString { variable.prepare(variable.ctx, $0, &site, nil) } == MH_OK)
        defer { if site != nil { variable.release(variable.ctx, site) } }
        var value = mh_null()
        #expect(expanded.withMHString { variable.get(variable.ctx, site, nil, $0, &value) } == MH_OK)
        let content: Content? =
            switch value.type {
            case MH_INT: .int(value.as.integer)
            case MH_STRING: .text(value.as.text.string)
            default: nil
            }
        return (content, site != nil)
    }

    /// Runs `body` with a place in the config: its functions take what the text there becomes.
    func place(
        _ name: String, _ written: String,
        _ body: (_ read: (String) -> Content?, _ write: (String, Content?) -> Int32) throws -> Void
    ) throws {
        let variable = try variable(name)
        var site: UnsafeMutableRawPointer?
        #expect(written.withMHString { variable.prepare(variable.ctx, $0, &site, nil) } == MH_OK)
        let place = try #require(site)
        defer { variable.release(variable.ctx, place) }
        func read(_ text: String) -> Content? {
            var value = mh_null()
            #expect(text.withMHString { variable.get(variable.ctx, place, nil, $0, &value) } == MH_OK)
            switch value.type {
            case MH_INT: return .int(value.as.integer)
            case MH_STRING: return .text(value.as.text.string)
            default: return nil
            }
        }
        func write(_ text: String, _ content: Content?) -> Int32 {
            guard let set = variable.set else { return MH_E_UNSUPPORTED }
            return text.withMHString { text in
                guard let content else {
                    var null = mh_null()
                    return set(variable.ctx, place, nil, text, &null)
                }
                return content.lend { value in
                    var raw = Provider.raw(value)
                    return set(variable.ctx, place, nil, text, &raw)
                }
            }
        }
        try body(read, write)
    }

    func isReadOnly(_ name: String) throws -> Bool { try variable(name).set == nil }
}

@Suite("Script functions and pseudo-variables")
struct ScriptTests {
    @Test(
        "A place that writes its key out finds it whatever becomes of the table, and values of any length",
        arguments: [false, true])
    func writtenKey(expires: Bool) throws {
        let script = try Script("a=>\(expires ? "autoexpire=100" : "")", "cnt=>initval=3")
        let table = try script.table("a")
        try script.place("sht", " a =>key") { (read, write) throws in
            #expect(read(" a =>key") == nil)
            for number: Int64 in [5, -5, .max] {
                #expect(write(" a =>key", .int(number)) == MH_OK)
                #expect(read(" a =>key") == .int(number))
                #expect(try script.read("sht", "a=>key") == .int(number))
            }
            // It grows far beyond its first size around the item.
            for number in 0..<20_000 { #expect(try script.write("sht", "a=>other\(number)", .int(Int64(number))) == MH_OK) }
            #expect(read(" a =>key") == .int(.max))
            for length in [0, 1, 255, 1023, 1024, 1025, 5000] {
                let text = String(repeating: "t", count: length)
                #expect(write(" a =>key", .text(text)) == MH_OK)
                #expect(read(" a =>key") == .text(text))
            }
            table.removeAll()
            #expect(read(" a =>key") == nil)
            #expect(write(" a =>key", .int(1)) == MH_OK)
            #expect(read(" a =>key") == .int(1))
            script.clock.set(2000)
            #expect(read(" a =>key") == (expires ? nil : .int(1)))
            #expect(write(" a =>key", nil) == MH_OK)
            #expect(try script.read("sht", "a=>key") == nil)
        }
        try script.place("sht", "a=>row$var(k)") { (read, write) throws in
            for number in 0..<100 { #expect(write("a=>row\(number)", .int(Int64(number))) == MH_OK) }
            for number in 0..<100 { #expect(read("a=>row\(number)") == .int(Int64(number))) }
        }
        try script.place("shtinc", "cnt=>hits") { (read, _) throws in
            #expect(read("cnt=>hits") == .int(4))
            #expect(read("cnt=>hits") == .int(5))
        }
        try script.place("shtdec", "cnt=>hits") { (read, _) throws in #expect(read("cnt=>hits") == .int(4)) }
        try script.place("shtinc", "a=>key") { (read, _) throws in
            #expect(read("a=>key") == nil)
            #expect(try script.write("sht", "a=>key", .text("text")) == MH_OK)
            #expect(read("a=>key") == nil)
            #expect(try script.write("sht", "a=>key", .int(.max)) == MH_OK)
            #expect(read("a=>key") == nil)
            #expect(try script.read("sht", "a=>key") == .int(.max))
        }
    }

    @Test("$sht reads, writes and deletes; blanks of the key count; missing keys are null or the initval")
    func items() throws {
        let script = try Script("a=>", "cnt=>initval=3")
        #expect(try script.write("sht", "a=>alice::ip", .text("10.0.0.1")) == MH_OK)
        #expect(try script.read("sht", "a=>alice::ip") == .text("10.0.0.1"))
        #expect(try script.read("sht", " a =>alice::ip") == .text("10.0.0.1"))
        #expect(try script.read("sht", "a=> alice::ip") == nil)
        #expect(try script.write("sht", "a=>n", .int(-7)) == MH_OK)
        #expect(try script.read("sht", "a=>n") == .int(-7))
        #expect(try script.write("sht", "a=>n", nil) == MH_OK)
        #expect(try script.read("sht", "a=>n") == nil)
        #expect(try script.read("sht", "cnt=>x") == .int(3))
        #expect(try script.read("sht", "nix=>x") == nil)
        #expect(try script.write("sht", "nix=>x", .int(1)) < 0)
        #expect(try script.prepares("sht", "a=>x(1)"))
        #expect(try script.prepares("sht", "a=>"))
        #expect(try !script.prepares("sht", "a"))
        #expect(try !script.prepares("sht", "=>k"))
        #expect(try script.prepares("shtrecord", "key"))
        #expect(try !script.prepares("shtrecord", "other"))
    }

    @Test("A table that is named in the config is looked up once, one that comes from a variable at each use")
    func sites() throws {
        let script = try Script("users=>", "other=>initval=3")
        #expect(try script.write("sht", "users=>k5", .text("v")) == MH_OK)
        let fixed = try script.read("sht", written: "users =>k$var(n)", expanded: "users =>k5")
        #expect(fixed.content == .text("v") && fixed.hasSite)
        let moving = try script.read("sht", written: "$var(t)=>k5", expanded: "users=>k5")
        #expect(moving.content == .text("v") && !moving.hasSite)
        #expect(try script.read("shtinc", written: "other=>$si", expanded: "other=>").content == .int(4))
        let unknown = try script.read("sht", written: "usres=>k", expanded: "usres=>k")
        #expect(unknown.content == nil && !unknown.hasSite)
    }

    @Test("$shtinc and $shtdec change and read in one step; text and missing keys are null")
    func counters() throws {
        let script = try Script("a=>", "cnt=>initval=0")
        #expect(try script.read("shtinc", "a=>n") == nil)
        #expect(try script.read("sht", "a=>n") == nil)
        #expect(try script.read("shtinc", "cnt=>n") == .int(1))
        #expect(try script.read("shtinc", "cnt=>n") == .int(2))
        #expect(try script.read("shtdec", "cnt=>n") == .int(1))
        _ = try script.write("sht", "a=>t", .text("x"))
        #expect(try script.read("shtinc", "a=>t") == nil)
        #expect(try script.isReadOnly("shtinc"))
        #expect(try script.call("sht_inc", .text("cnt"), .text("n")) == 1)
        #expect(try script.read("sht", "cnt=>n") == .int(2))
        #expect(try script.call("sht_dec", .text("a"), .text("missing")) == -1)
    }

    @Test("$shtex tells the seconds that are left and sets them; without expiry it is 0")
    func expiry() throws {
        let script = try Script("a=>autoexpire=60", "plain=>")
        _ = try script.write("sht", "a=>k", .int(1))
        #expect(try script.read("shtex", "a=>k") == .int(60))
        #expect(try script.write("shtex", "a=>k", .int(5)) == MH_OK)
        script.clock.advance(by: 5)
        #expect(try script.read("shtex", "a=>k") == .int(0))
        #expect(try script.read("sht", "a=>k") == .int(1))
        _ = try script.write("shtex", "a=>k", nil)
        script.clock.advance(by: 100_000)
        #expect(try script.read("sht", "a=>k") == .int(1))
        #expect(try script.read("shtex", "a=>k") == .int(0))
        #expect(try script.read("shtex", "a=>none") == .int(0))
        #expect(try script.write("shtex", "plain=>none", .int(4)) == MH_OK)
    }

    @Test("$shtcn and $shtcv count; a bad pattern is null")
    func counts() throws {
        let script = try Script("a=>")
        for number in 1...5 { _ = try script.write("sht", "a=>c\(number)::x", .int(Int64(number % 2))) }
        #expect(try script.read("shtcn", "a=>~~^c[1-3]::.*") == .int(3))
        #expect(try script.read("shtcn", "a=>**") == .int(5))
        #expect(try script.read("shtcv", "a=>eq1") == .int(3))
        #expect(try script.read("shtcv", "a=>~~[") == nil)
    }

    @Test("The functions answer as Kamailio's do")
    func functions() throws {
        let script = try Script("t=>autoexpire=100", "i=>initval=0")
        #expect(try script.call("sht_setxs", .text("t"), .text("k"), .text("v"), .int(5)) == 1)
        #expect(try script.call("sht_setxi", .text("t"), .text("n"), .int(7), .int(5)) == 1)
        #expect(try script.table("t").readWithExpiry("n")?.expiry == 1005)
        #expect(try script.call("sht_setxs", .text("nix"), .text("k"), .text("v"), .int(5)) == -1)
        #expect(try script.call("sht_rm", .text("t"), .text("none")) == 1)
        #expect(try script.call("sht_rm", .text("t"), .text("")) == -1)
        #expect(try script.call("sht_rm", .text("nix"), .text("k")) == -1)
        for name in ["sht_match_name", "sht_has_name"] {
            #expect(try script.call(name, .text("t"), .text("sw"), .text("k")) == 1)
            #expect(try script.call(name, .text("t"), .text("eq"), .text("zz")) == -1)
            #expect(try script.call(name, .text("t"), .text("??"), .text("zz")) == -1)
        }
        for name in ["sht_match_str_value", "sht_has_str_value"] {
            #expect(try script.call(name, .text("t"), .text("re"), .text("^V$")) == 1)
            #expect(try script.call(name, .text("t"), .text("eq"), .text("7")) == -1)
        }
        #expect(try script.call("sht_is_null", .text("t"), .text("k")) == -1)
        #expect(try script.call("sht_is_null", .text("t"), .text("z")) == 1)
        #expect(try script.call("sht_is_null", .text("i"), .text("z")) == -2)
        #expect(try script.call("sht_is_null", .text("nix"), .text("z")) == 2)
        #expect(try script.call("sht_rm_name", .text("t"), .text("ew"), .text("k")) == 1)
        #expect(try script.call("sht_rm_name", .text("t"), .text("eq"), .text("n")) == -1)
        #expect(try script.call("sht_rm_value", .text("t"), .text("re"), .text("[")) == -1)
        #expect(try script.call("sht_rm_name_re", .text("nix=>x")) == 1)
        #expect(try script.call("sht_rm_name_re", .text("t=>[")) == -1)
        #expect(try script.call("sht_rm_name_re", .text("t=>^N$")) == 1)
        #expect(try script.table("t").count == 0)
        #expect(try script.call("sht_lock", .text("nix=>a")) == -11)
        #expect(try script.call("sht_lock", .text("t=>a")) == 1)
        #expect(try script.call("sht_lock", .text("t=>a")) == 1)
        #expect(try script.call("sht_unlock", .text("t=>a")) == 1)
        #expect(try script.call("sht_unlock", .text("t=>a")) == 1)
        #expect(try script.call("sht_unlock", .text("t=>a")) == -1)
        #expect(try script.call("sht_reset", .text("i")) == 1)
        #expect(try script.call("sht_reset", .text("nix")) == -1)
        #expect(try script.call("sht_print") == 1)
    }

    @Test("Iterators go through a table, remove and change what they stand on, and begin anew after the end")
    func iterators() throws {
        let script = try Script("t=>autoexpire=100")
        for number in 0..<20 { _ = try script.write("sht", "t=>k\(number)", .int(Int64(number))) }
        #expect(try script.call("sht_iterator_next", .text("it")) == -1)
        #expect(try script.call("sht_iterator_start", .text("it"), .text("nix")) == -1)
        for extra in 0..<10 { #expect(try script.call("sht_iterator_start", .text("it\(extra)"), .text("t")) == 1) }
        #expect(try script.call("sht_iterator_start", .text("it"), .text("t")) == 1)
        #expect(try script.read("shtitkey", "it") == nil)
        var seen: Set<String> = []
        while try script.call("sht_iterator_next", .text("it")) == 1 {
            guard case .text(let key)? = try script.read("shtitkey", "it") else { break }
            #expect(try script.read("shtitval", "it") == .int(Int64(key.dropFirst()) ?? -1))
            seen.insert(key)
        }
        #expect(seen.count == 20)
        #expect(try script.read("shtitkey", "it") == nil)
        #expect(try script.call("sht_iterator_next", .text("it")) == 1)
        #expect(try script.call("sht_iterator_sets", .text("it"), .text("new")) == 1)
        #expect(try script.read("shtitval", "it") == .text("new"))
        #expect(try script.call("sht_iterator_seti", .text("it"), .int(9)) == 1)
        #expect(try script.read("shtitval", "it") == .int(9))
        #expect(try script.call("sht_iterator_setex", .text("it"), .int(3)) == 1)
        var removed = 0
        var code: Int32 = 1
        while code == 1 {
            code = try script.call("sht_iterator_rm", .text("it"))
            removed += 1
        }
        #expect(code == -2)
        #expect(removed == 20)
        #expect(try script.table("t").count == 0)
        #expect(try script.call("sht_iterator_rm", .text("it")) == -1)
        #expect(try script.call("sht_iterator_end", .text("it")) == 1)
        #expect(try script.call("sht_iterator_end", .text("it")) == -1)
        ScriptThread.current.iterators = [:]
    }
}
