using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>
/// Events as records for other parts of the same pipeline, on the disk or in another process: their own bytes where they hold no references,
/// else their fields.
/// </summary>
public sealed class EventCodec<T> where T : struct, IEvent<T>
{
    private readonly EventFormat<T>? _format;
    private readonly BinaryFieldWriter? _writer;
    private readonly BinaryFieldReader? _reader;

    private EventCodec(EventFormat<T>? format)
    {
        _format = format;
        _writer = format is null ? null : new BinaryFieldWriter(format.Fields);
        _reader = format is null ? null : new BinaryFieldReader(format.Fields);
    }

    /// <summary>The codec, for one thread; null when the events hold references and have no format.</summary>
    public static EventCodec<T>? Find(IEventFormats formats) =>
        !RuntimeHelpers.IsReferenceOrContainsReferences<T>() ? new(null)
        : formats.Of(typeof(T)) is EventFormat<T> format ? new(format)
        : null;

    internal void Write(in T value, BlockBuilder block)
    {
        if (_format is null)
        {
            MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).CopyTo(block.Add(Unsafe.SizeOf<T>(), 0, 0));
            return;
        }

        _writer!.Clear();
        _format.Write(in value, _writer);
        var record = block.Add(FieldRecord.HeadBytes + _writer.Written.Length, 0, 0);
        FieldRecord.WriteHead(record, 0, 0);
        _writer.Written.CopyTo(record[FieldRecord.HeadBytes..]);
    }

    /// <summary>Takes the next event off; the records have their checksum.</summary>
    internal T Take(ref ReadOnlySpan<byte> records)
    {
        if (_format is null)
        {
            var value = default(T);
            records[..Unsafe.SizeOf<T>()].CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref value)));
            records = records[Unsafe.SizeOf<T>()..];
            return value;
        }

        return FieldRecord.TryTake(ref records, out var record) && _reader!.TryLoad(FieldRecord.Fields(record))
            ? _format.Read(_reader)
            : throw new InvalidDataException("Invariant: a block with good checksums holds whole records.");
    }
}
