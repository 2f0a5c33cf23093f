using QuantumTrader.Dataflow;

namespace QuantumTrader.Storage;

/// <summary>The head of a message between two processes of one pipeline.</summary>
/// <param name="Kind">What it is, as both ends agree.</param>
/// <param name="Epoch">Which life of the connection it belongs to.</param>
/// <param name="Number">Its number.</param>
/// <param name="Count">Events in it.</param>
public readonly record struct PipeMessage(ushort Kind, uint Epoch, long Number, int Count);

/// <summary>Writes messages to a stream: each is a block as in the journal, with checksums and its place in the stream. One thread at a time.</summary>
public sealed class EventPipeWriter(Stream stream, uint epoch)
{
    /// <summary>Events that one message may hold.</summary>
    public const int MaxEvents = 512;

    private readonly BlockBuilder _block = new() { Stream = epoch };
    private long _offset;

    /// <summary>Writes events; none for a message that is only a number.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public void Write<T>(ushort kind, long number, ReadOnlySpan<T> events, EventCodec<T> codec) where T : struct, IEvent<T>
    {
        _block.Clear();
        _block.Type = kind;
        foreach (ref readonly var value in events)
        {
            codec.Write(in value, _block);
        }

        Send(_block.Finish(_offset, number, out _));
    }

    /// <summary>Writes a text.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public void Write(ushort kind, ReadOnlySpan<byte> text) => Send(BlockBuilder.Meta(kind, text, _offset, 0, out _, stream: epoch));

    private void Send(ReadOnlySpan<byte> block)
    {
        stream.Write(block);
        stream.Flush();
        _offset += block.Length;
    }
}

/// <summary>Reads what <see cref="EventPipeWriter"/> wrote. One thread at a time.</summary>
public sealed class EventPipeReader(Stream stream)
{
    private byte[] _bytes = new byte[1 << 16];
    // What was read and is not yet part of a message that was handed out.
    private int _begin;
    private int _end;
    private long _offset;
    private int _records;
    private int _recordsEnd;

    /// <summary>The text of the message that was read last.</summary>
    public ReadOnlySpan<byte> Text => _bytes.AsSpan(_records, _recordsEnd - _records);

    /// <summary>Waits for the next message; false when the other end is gone.</summary>
    /// <exception cref="InvalidDataException">What came is no message.</exception>
    public bool TryRead(out PipeMessage message)
    {
        message = default;
        if (!TryFill(BlockHeader.Bytes))
        {
            return false;
        }

        if (!BlockHeader.TryRead(_bytes.AsSpan(_begin), _offset, out var header) || header.Count > EventPipeWriter.MaxEvents)
        {
            throw new InvalidDataException("it sent something that is no message");
        }

        if (!TryFill(header.Length))
        {
            return false;
        }

        _records = _begin + BlockHeader.Bytes;
        _recordsEnd = _records + header.RawBytes - (header.Count * sizeof(uint));
        if (!header.Matches(_bytes.AsSpan(_records, header.StoredBytes)) || header.StoredBytes != header.RawBytes || _recordsEnd < _records)
        {
            throw new InvalidDataException("it sent a damaged message");
        }

        _begin += header.Length;
        _offset += header.Length;
        message = new PipeMessage(header.Type, header.Stream, header.FirstOrdinal, header.Count);
        return true;
    }

    /// <summary>Takes the next event out of the message; as often as it has any.</summary>
    public T Take<T>(EventCodec<T> codec) where T : struct, IEvent<T>
    {
        ReadOnlySpan<byte> records = _bytes.AsSpan(_records, _recordsEnd - _records);
        var value = codec.Take(ref records);
        _records = _recordsEnd - records.Length;
        return value;
    }

    // Reads on until so many bytes are there.
    private bool TryFill(int count)
    {
        if (_bytes.Length - _begin < count)
        {
            var bytes = count > _bytes.Length ? new byte[Math.Max(count, 2 * _bytes.Length)] : _bytes;
            Buffer.BlockCopy(_bytes, _begin, bytes, 0, _end - _begin);
            (_bytes, _begin, _end) = (bytes, 0, _end - _begin);
        }

        while (_end - _begin < count)
        {
            var read = stream.Read(_bytes, _end, _bytes.Length - _end);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }
}
