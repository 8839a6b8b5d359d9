import Foundation
import ModuleABI
import TestSupport
import Testing

@testable import Host

@Suite("Structs of modules, read by the rule of the ABI")
struct ABIReaderTests {
    private static var sized: [any SizedStruct.Type] {
        [
            mh_module.self, mh_param.self, mh_mi_command.self, mh_mi_arg.self, mh_interface.self, mh_requirement.self,
            mh_script_function.self, mh_script_variable.self, mh_script_arg.self, mh_timer_options.self,
            mh_watch_options.self,
            mh_offload_options.self, mh_stream_handler.self, mh_listen_options.self, mh_connect_options.self,
            mh_adopt_options.self,
            mh_datagram_options.self, mh_mi_request.self, mh_mi_argument.self, mh_mi_sink.self, mh_jsonrpc_request.self,
            mh_jsonrpc_sink.self, mh_log_field.self,
        ]
    }

    @Test("The least size of each is what ABI 1.0 fixed")
    func firstSizes() throws {
        let layout = try String(contentsOfFile: "\(BuiltProducts.repository)/Tests/abi/1.0/layout.c", encoding: .utf8)
        var fixed: [String: Int] = [:]
        for match in layout.matches(of: /GROWS\((mh_\w+), (\d+)\)/) { fixed[String(match.1)] = Int(match.2) }
        #expect(fixed.count > 30)
        for type in Self.sized { #expect(type.firstSize == fixed["\(type)"], "\(type)") }
    }

    @Test("A struct of an older minor reads as zero where it ends; of a newer one what is more is left out")
    func sizes() {
        var options = mh_timer_options()
        options.first = 7
        options.struct_size = UInt32(mh_timer_options.firstSize)
        #expect(ABIReader.read(&options)?.first == 7)
        struct Newer {
            var known = mh_timer_options()
            var more: (UInt64, UInt64) = (.max, .max)
        }
        var newer = Newer()
        newer.known.struct_size = UInt32(MemoryLayout<Newer>.size)
        newer.known.interval = 9
        withUnsafePointer(to: &newer) { pointer in
            let read = ABIReader.read(UnsafeRawPointer(pointer).assumingMemoryBound(to: mh_timer_options.self))
            #expect(read?.interval == 9)
        }
        for size in [0, 1, UInt32(mh_timer_options.firstSize - 1)] {
            options.struct_size = size
            #expect(ABIReader.read(&options) == nil, "\(size) bytes are too few")
        }
        #expect(ABIReader.read(nil as UnsafePointer<mh_timer_options>?) == nil)
    }

    private func requirements(stride: Int, size: UInt32, count: Int = 3, _ body: (mh_array) -> Void) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: stride * count + 64, alignment: 8)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xEE, count: stride * count + 64)
        for index in 0..<count {
            var element = mh_requirement()
            element.struct_size = size
            element.flags = UInt32(index)
            (memory + index * stride).copyMemory(from: &element, byteCount: MemoryLayout<mh_requirement>.size)
        }
        body(mh_array(items: memory, count: UInt32(count), stride: UInt32(stride)))
    }

    @Test("Elements lie as far apart as the stride says", arguments: [40, 48, 128])
    func strides(stride: Int) {
        requirements(stride: stride, size: 40) { array in
            let read = try? ABIReader.read(array, of: mh_requirement.self, "requires_")
            #expect(read?.map(\.flags) == [0, 1, 2])
        }
        requirements(stride: stride, size: UInt32(stride)) { array in
            let read = try? ABIReader.read(array, of: mh_requirement.self, "requires_")
            #expect(read?.map(\.flags) == [0, 1, 2])
        }
    }

    @Test(
        "Crooked arrays are refused",
        arguments: [
            (
                32, 40,
                "requires_: the array's stride is 32, expected sizeof(mh_requirement), at least 40 and a multiple of 8"
            ),
            (
                44, 40,
                "requires_: the array's stride is 44, expected sizeof(mh_requirement), at least 40 and a multiple of 8"
            ),
            (48, 39, "requires_: element 0 has struct_size 39, expected 40 to the stride 48"),
            (48, 56, "requires_: element 0 has struct_size 56, expected 40 to the stride 48"),
        ] as [(Int, UInt32, String)])
    func crooked(stride: Int, size: UInt32, text: String) {
        requirements(stride: stride, size: size) { array in
            #expect(
                fault { () throws(DescriptorFault) in _ = try ABIReader.read(array, of: mh_requirement.self, "requires_") }
                    == text)
        }
    }

    private func fault(_ body: () throws(DescriptorFault) -> Void) -> String? {
        do throws(DescriptorFault) {
            try body()
            return nil
        } catch { return error.text }
    }

    @Test("Arrays without items, or with too many, are refused; empty ones may have any stride")
    func itemless() throws {
        let array = mh_array(items: nil, count: 2, stride: 40)
        #expect(
            fault { () throws(DescriptorFault) in _ = try ABIReader.read(array, of: mh_requirement.self, "requires_") }
                == "requires_: the array has count 2 but its items are NULL")
        requirements(stride: 40, size: 40) { array in
            var crowded = array
            crowded.count = 4097
            #expect(
                fault { () throws(DescriptorFault) in _ = try ABIReader.read(crowded, of: mh_requirement.self, "requires_") }
                    == "requires_: the array has count 4097, at most 4096 are taken")
        }
        #expect(try ABIReader.read(mh_array(items: nil, count: 0, stride: 3), of: mh_requirement.self, "x").isEmpty)
    }

    @Test("Texts are UTF-8 and where they say")
    func texts() throws {
        #expect(try ABIReader.text(mh_str(), "x") == "")
        #expect(
            fault { () throws(DescriptorFault) in _ = try ABIReader.text(mh_str(ptr: nil, len: 3), "x") }
                == "x has length 3 and pointer NULL")
        let bytes: [CChar] = [0x61, -1]
        bytes.withUnsafeBufferPointer { buffer in
            let text = mh_str(ptr: buffer.baseAddress, len: 2)
            #expect(fault { () throws(DescriptorFault) in _ = try ABIReader.text(text, "x") } == "x is not UTF-8 text")
            let long = mh_str(ptr: buffer.baseAddress, len: (1 << 20) + 1)
            #expect(
                fault { () throws(DescriptorFault) in _ = try ABIReader.text(long, "x") }
                    == "x has length 1048577 and pointer set")
        }
    }

    @Test("Reserved fields are zero and flags are known")
    func reserved() {
        #expect(
            fault { () throws(DescriptorFault) in try ABIReader.requireZero(5, "the descriptor") }
                == "the descriptor has 5 in its reserved field, expected 0")
        #expect(
            fault { () throws(DescriptorFault) in try ABIReader.requireKnown(0x19, 0x0F, "command c") }
                == "command c has flags 0x19, of which this host does not know 0x10")
        #expect(fault { () throws(DescriptorFault) in try ABIReader.requireKnown(0x0F, 0x0F, "command c") } == nil)
    }

    @Test("An error's text is the module's, or the code's name when it gave none")
    func collectedErrors() {
        #expect(collectingError { _ in 0 } == nil)
        #expect(collectingError { _ in MH_E_IO }?.text == "it answered MH_E_IO without a text")
        #expect(collectingError { _ in -1234 }?.text == "it answered error -1234 without a text")
        let told = collectingError { sink in
            report(sink, MH_E_BUSY, "first")
            return report(sink, MH_E_BUSY, "second")
        }
        #expect(told?.code == MH_E_BUSY)
        #expect(told?.text == "second")
    }
}
