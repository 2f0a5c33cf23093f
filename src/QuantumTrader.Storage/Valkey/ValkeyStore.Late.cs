namespace QuantumTrader.Storage.Valkey;

// Side streams for what comes late, and what is cut off because it is old or too much.
public sealed partial class ValkeyStore
{
    private StreamState LateStreamOf(StreamState stream, long ms, IReadOnlyList<string> fields)
    {
        var hour = StreamState.HourOf(ms);
        var key = ValkeyKeys.LateStream(stream.Key, hour);
        if (stream.Late?.Key == key)
        {
            return stream.Late;
        }

        if (!_lateStreams.TryGetValue(key, out var late))
        {
            if (_lateStreams.Count >= MaxLateStreams)
            {
                ClosePacks();
                Confirm();
                _lateStreams.Clear();
            }

            late = new StreamState(stream.Channel, stream.Symbol, key) { IsLate = true, Pack = _options.Pack > 1 ? new PackWriter(fields) : null };
            LoadTop(late);
            _lateStreams[key] = late;
            var index = new StreamState(stream.Channel, stream.Symbol, ValkeyKeys.LateIndex(stream.Key)) { IsLate = true };
            var lane = LaneOf(index);
            var start = lane.Begin();
            lane.Bytes.Begin(4).Bulk("ZADD"u8).Raw(index.EncodedKey).Bulk(hour).Bulk(hour);
            lane.Submit(new AppendCommand(index, AppendKind.Repeatable, start, 0, 0, lane.Bytes.Length, 0));
        }

        return stream.Late = late;
    }

    private void TrimNowAndThen(StreamState stream)
    {
        if (++stream.SinceTrim < TrimEvery || stream.IsLate)
        {
            return;
        }

        stream.SinceTrim = 0;
        var firstKept = _retention.FirstKept(stream.Channel, stream.TopMs);
        if (firstKept > 0)
        {
            SubmitCommand(stream, AppendKind.Repeatable, "XTRIM"u8, "MINID"u8, firstKept);
        }

        SubmitCommand(stream, AppendKind.Limit, "XTRIM"u8, "MAXLEN"u8, _options.MaxEntries);
        TrimLate(stream, firstKept);
    }

    private void TrimLate(StreamState stream, long firstKept)
    {
        if (firstKept <= stream.LateTrimmedTo)
        {
            return;
        }

        stream.LateTrimmedTo = StreamState.HourOf(firstKept) + 3_600_000;
        var index = ValkeyKeys.LateIndex(stream.Key);
        foreach (var hour in _valkey.Call("ZRANGEBYSCORE", new ValkeyKey(index), "-inf", FormattableString.Invariant($"({StreamState.HourOf(firstKept)}")).Items)
        {
            _valkey.Call("UNLINK", new ValkeyKey(ValkeyKeys.LateStream(stream.Key, hour.Number)));
            _valkey.Call("ZREM", new ValkeyKey(index), hour.Text);
        }
    }

    private void SubmitCommand(StreamState stream, AppendKind kind, ReadOnlySpan<byte> command, ReadOnlySpan<byte> argument, long value)
    {
        var lane = LaneOf(stream);
        var start = lane.Begin();
        lane.Bytes.Begin(4).Bulk(command).Raw(stream.EncodedKey).Bulk(argument).Bulk(value);
        lane.Submit(new AppendCommand(stream, kind, start, 0, 0, lane.Bytes.Length, 0));
    }
}
