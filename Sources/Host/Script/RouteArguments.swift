import Glibc
import ModuleABI
import Script

/// The arguments of a run, `$arg(name)`: an array of `mh_log_field`, lent by whoever asked for the run until it ends.
struct RouteArguments {
    private var items: UnsafeRawPointer?
    private var count = 0
    private var stride = 0

    /// None.
    init() {}

    /// Checks an array of a module; its texts are not looked at.
    init(_ array: mh_array) throws(DescriptorFault) {
        guard array.count > 0 else { return }
        guard let items = array.items, array.count <= 4096, Int(array.stride) >= mh_log_field.firstSize,
            array.stride % 8 == 0
        else {
            throw DescriptorFault(
                .badDescriptor,
                "the arguments of the run have count \(array.count) and stride \(array.stride), expected MH_ARRAY of mh_log_field"
            )
        }
        (self.items, count, stride) = (items, Int(array.count), Int(array.stride))
        for index in 0..<count {
            let size = items.load(fromByteOffset: index * stride, as: UInt32.self)
            guard size >= mh_log_field.firstSize, size <= array.stride else {
                throw DescriptorFault(
                    .badDescriptor,
                    "argument \(index) of the run has struct_size \(size), expected \(mh_log_field.firstSize)")
            }
        }
    }

    /// The value of a name; nil when there is none. The last of equal names counts.
    func find(_ name: UnsafeRawBufferPointer) -> mh_value? {
        guard let items else { return nil }
        var index = count
        while index > 0 {
            index -= 1
            let field = items.load(fromByteOffset: index * stride, as: mh_log_field.self)
            guard field.name.len == name.count else { continue }
            if name.isEmpty { return field.value }
            guard let own = field.name.ptr, let start = name.baseAddress else { continue }
            if memcmp(own, start, name.count) == 0 { return field.value }
        }
        return nil
    }
}
