import ModuleTemplate
import Testing

@Suite("The name of a module to be")
struct ModuleNameTests {
    @Test(
        "It has a form for the config, one for commands and one for types",
        arguments: [
            ("hello", "hello", "Hello"), ("hello-world", "hello_world", "HelloWorld"), ("a_b-c2", "a_b_c2", "ABC2"),
            ("x", "x", "X"), ("h--", "h__", "H"),
        ])
    func forms(text: String, identifier: String, type: String) throws {
        let name = try ModuleName(text, in: .c)
        #expect(name.text == text)
        #expect(name.identifier == identifier)
        #expect(name.typeName == type)
    }

    @Test(
        "What the ABI does not allow is refused, with the rule and the nearest name",
        arguments: [
            ("Hello", "hello"), ("hello world", "hello-world"), ("2fast", "fast"), ("-x", "x"), ("häßlich", "h-lich"),
            ("hello.so", "hello-so"), ("../hello", "hello"), ("hello\n", "hello"),
        ])
    func malformed(text: String, near: String) {
        let error = #expect(throws: TemplateError.self) { try ModuleName(text, in: .c) }
        #expect(error?.text.contains("begins with a letter a-z") == true)
        #expect(error?.text.hasSuffix("did you mean \"\(near)\"?") == true, "\(error?.text ?? "")")
    }

    @Test("Nothing, nonsense and 65 bytes are refused; 64 are not")
    func limits() throws {
        for text in ["", "---", "Ж", String(repeating: "a", count: 65)] {
            let error = #expect(throws: TemplateError.self) { try ModuleName(text, in: .c) }
            #expect(error?.text.contains("did you mean") == false)
        }
        _ = try ModuleName(String(repeating: "a", count: 64), in: .c)
    }

    @Test("The host's own names are refused in every language", arguments: TemplateLanguage.allCases)
    func hostNames(language: TemplateLanguage) {
        for text in ["core", "modhost"] {
            #expect(throws: TemplateError.self) { try ModuleName(text, in: language) }
        }
    }

    @Test("What a language or its build tool keeps for itself is refused there, and only there")
    func reserved() throws {
        for (text, language) in [("match", TemplateLanguage.rust), ("test", .rust), ("install", .cpp), ("all", .cpp)] {
            let error = #expect(throws: TemplateError.self) { try ModuleName(text, in: language) }
            #expect(error?.text.contains(language.title) == true)
            _ = try ModuleName(text, in: .swift)
        }
    }
}
