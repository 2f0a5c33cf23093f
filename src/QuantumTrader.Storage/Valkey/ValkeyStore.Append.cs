using System.Buffers.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

// Appending: an event becomes an entry, or a part of a pack, in the bytes of its connection.
public sealed partial class ValkeyStore
{
    private void AppendOne<T>(in T e, EventFormat<T> format) where T : struct, IEvent<T>
    {
        var address = format.AddressOf(in e);
        var stream = StreamOf(in address, format);
        var key = new EventKey(address.EventTime, address.Number);
        if (stream.ForeignUntil is { } until && !IsOurs(stream, until, format))
        {
            Refuse(address.Channel, "foreign_key", 1);
            return;
        }

        if (key.Time < 0)
        {
            Refuse(address.Channel, "before_1970", 1);
            return;
        }

        if (!(key > stream.Recent.Newest))
        {
            if (IsStored(stream, key, format))
            {
                _repeated++;
                return;
            }

            if (key < stream.Recent.Floor)
            {
                stream.Old.Add(key);
            }
        }

        var ms = key.Time / NanosecondsPerMillisecond;
        var target = stream;
        if (stream.TopMs > long.MinValue && ms < stream.TopMs - _options.MaxLatenessMs)
        {
            if (ms < _retention.FirstKept(stream.Channel, stream.TopMs))
            {
                Refuse(address.Channel, "older_than_retention", 1);
                return;
            }

            target = LateStreamOf(stream, ms, format.Fields);
            Write(target, in e, format, ms);
            _late++;
        }
        else
        {
            Write(target, in e, format, ms);
        }

        stream.Recent.Add(key);
        _handedOver++;
        if (target.Pack is null)
        {
            SubmitEntry(target);
        }
    }

    private AppendCommand _unsubmitted;

    // Builds the entry, or puts the event into the open pack. What can throw comes first: until it is done, nothing of the event is noted.
    private void Write<T>(StreamState stream, in T e, EventFormat<T> format, long ms) where T : struct, IEvent<T>
    {
        if (stream.Pack is { } pack)
        {
            if (pack.Count == _options.Pack || (pack.Count > 0 && Math.Abs(ms - stream.PackMs.First) > _options.MaxLatenessMs))
            {
                ClosePack(stream);
            }

            if (pack.Count == 0)
            {
                stream.PackMs = (ms, ms);
                _openPacks.Add(stream);
            }

            pack.Add(in e, format);
            stream.PackMs = (Math.Min(stream.PackMs.First, ms), Math.Max(stream.PackMs.Last, ms));
            stream.TopMs = Math.Max(stream.TopMs, ms);
            return;
        }

        var lane = LaneOf(stream);
        var (start, idStart) = BeginEntry(lane, stream, Math.Max(ms, stream.TopMs));
        var fieldsStart = lane.Bytes.Length;
        try
        {
            _entry.Target = lane.Bytes;
            _entry.Begin();
            format.Write(in e, _entry);
        }
        catch
        {
            lane.DropUnfinished();
            throw;
        }

        var moved = lane.Bytes.PatchParts(start, 3 + _entry.Parts);
        stream.TopMs = Math.Max(stream.TopMs, ms);
        _unsubmitted = new AppendCommand(stream, AppendKind.Entry, start, idStart + moved, fieldsStart + moved, lane.Bytes.Length, 1);
    }

    private void SubmitEntry(StreamState stream)
    {
        LaneOf(stream).Submit(in _unsubmitted);
        TrimNowAndThen(stream);
    }

    private void ClosePack(StreamState stream)
    {
        var pack = stream.Pack!;
        var lane = LaneOf(stream);
        var bytes = lane.Bytes;
        var (start, idStart) = BeginEntry(lane, stream, stream.TopMs);
        var fieldsStart = bytes.Length;
        bytes.Bulk("pack"u8).Bulk(pack.Finish());
        var moved = bytes.PatchParts(start, 5);
        var command = new AppendCommand(stream, AppendKind.Entry, start, idStart + moved, fieldsStart + moved, bytes.Length, pack.Count);
        pack.Clear();
        _openPacks.Remove(stream);
        lane.Submit(in command);
        TrimNowAndThen(stream);
    }

    private void ClosePacks()
    {
        while (_openPacks.Count > 0)
        {
            ClosePack(_openPacks[^1]);
        }
    }

    private static (int Start, int IdStart) BeginEntry(AppendLane lane, StreamState stream, long idMs)
    {
        var start = lane.Begin();
        var bytes = lane.Bytes;
        bytes.Reserve(RespWriter.HeadLength);
        bytes.Raw("$4\r\nXADD\r\n"u8).Raw(stream.EncodedKey);
        var idStart = bytes.Length;
        WriteId(bytes, idMs);
        return (start, idStart);
    }

    private static void WriteId(RespWriter bytes, long ms)
    {
        Span<byte> id = stackalloc byte[22];
        Utf8Formatter.TryFormat(ms, id, out var length);
        "-*"u8.CopyTo(id[length..]);
        bytes.Bulk(id[..(length + 2)]);
    }
}
