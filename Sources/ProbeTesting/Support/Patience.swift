/// Runs a measurement that is to be cut by its deadline after it got somewhere, with more and more time until it did: a
/// busy machine may not get that far in the time that is enough for others. What happens then is the caller's to check,
/// on the last attempt.
///
/// - Parameters:
///   - scales: what the measurement's times are multiplied with, one after the other.
///   - isFar: true when the measurement got as far as it must before it was cut.
public func patiently<Value>(
    _ scales: [Int] = [1, 6, 36], until isFar: (Value) -> Bool, _ measure: (_ scale: Int) async throws -> Value
) async rethrows -> Value {
    for scale in scales.dropLast() {
        let value = try await measure(scale)
        if isFar(value) { return value }
    }
    return try await measure(scales[scales.count - 1])
}
