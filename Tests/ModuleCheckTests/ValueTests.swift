import ModuleABI
import Testing

@testable import ModuleCheck

/// Values of parameters and arguments, as written and as C sees them.
@Suite("Values")
struct ValueTests {
    @Test(
        "Text becomes a value of the declared type, or nothing",
        arguments: [
            ("12", MH_INT, .integer(12)), ("x", MH_INT, nil), ("1.5", MH_FLOAT, .float(1.5)), ("yes", MH_BOOL, .bool(true)),
            ("off", MH_BOOL, .bool(false)), ("2", MH_BOOL, nil), ("200ms", MH_DURATION, .duration(200_000_000)),
            ("1h30m", MH_DURATION, .duration(5_400_000_000_000)), ("5", MH_DURATION, .duration(5_000_000_000)),
            ("5 parsecs", MH_DURATION, nil), ("64k", MH_SIZE, .size(65536)), ("1 MiB", MH_SIZE, .size(1 << 20)),
            ("99999999999g", MH_SIZE, nil), ("a, b,c", MH_LIST, .list([.text([0x61]), .text([0x62]), .text([0x63])])),
            ("", MH_STRING, .text([])),
        ] as [(String, UInt32, TypedValue?)])
    func conversion(_ text: String, _ type: UInt32, _ value: TypedValue?) {
        #expect(TypedValue(text: Array(text.utf8), type: type) == value)
    }

    @Test("C sees type and content")
    func raw() {
        #expect(TypedValue.integer(-5).raw(type: MH_INT).as.integer == -5)
        #expect(TypedValue.duration(7).raw(type: MH_DURATION).type == MH_DURATION)
        #expect(TypedValue.text([0x61, 0x00]).raw(type: MH_STRING).as.text.array == [0x61, 0x00])
        let list = TypedValue.list([.bool(true), .null]).raw(type: MH_LIST).as.list
        #expect(list.count == 2 && list.stride == 24)
    }

    @Test("A seed gives the same numbers again, and another seed others")
    func seeds() {
        func numbers(_ seed: UInt64) -> [UInt64] {
            var random = SeededRandom(seed: seed)
            return (0..<8).map { _ in random.next() }
        }
        #expect(numbers(1) == numbers(1))
        #expect(numbers(1) != numbers(2))
    }

    @Test("Odd values for a parameter stay within what the host's check lets through")
    func ranges() {
        var parameter = mh_param()
        parameter.type = MH_INT
        (parameter.minimum, parameter.maximum) = (1, 10)
        var random = SeededRandom(seed: 5)
        for value in OddValues.values(for: parameter, &random) {
            guard case .integer(let number) = value else { Issue.record("\(value) is no integer"); continue }
            #expect((1...10).contains(number))
        }
    }
}
