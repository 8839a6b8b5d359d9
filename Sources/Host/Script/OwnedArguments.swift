import ModuleABI

/// Arguments of a run whose names and values this object owns until it is freed, for runs that the host itself begins.
final class OwnedArguments: @unchecked Sendable {
    // @unchecked: written in init, read by the run, freed in deinit.
    private let fields: UnsafeMutableBufferPointer<mh_log_field>
    private let values: RawArguments
    private let names: [mh_str]

    init(_ arguments: [(name: String, value: ArgumentValue)]) {
        values = RawArguments(arguments.map(\.value))
        names = arguments.map { ParameterValue.copy(Array($0.name.utf8)) }
        fields = .allocate(capacity: max(arguments.count, 1))
        for (index, name) in names.enumerated() {
            var field = mh_log_field()
            field.struct_size = UInt32(MemoryLayout<mh_log_field>.size)
            field.name = name
            field.value = values.array.items.load(index)
            fields.initializeElement(at: index, to: field)
        }
    }

    deinit {
        for name in names { name.ptr?.deallocate() }
        fields.deallocate()
    }

    /// Lends them to a run.
    func lend<Result>(_ body: (RouteArguments) -> Result) -> Result {
        let array = mh_array(
            items: UnsafeRawPointer(fields.baseAddress), count: UInt32(names.count),
            stride: UInt32(MemoryLayout<mh_log_field>.stride))
        // The array is well formed, as it was made here.
        return withExtendedLifetime(self) { body((try? RouteArguments(array)) ?? RouteArguments()) }
    }
}

extension UnsafeRawPointer? {
    fileprivate func load(_ index: Int) -> mh_value {
        self?.load(fromByteOffset: index * MemoryLayout<mh_value>.stride, as: mh_value.self) ?? mh_null()
    }
}
