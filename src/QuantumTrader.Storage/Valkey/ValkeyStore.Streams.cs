using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

// What is known of a stream before it is written: where it ends, which of its newest events are there, and who writes it.
public sealed partial class ValkeyStore
{
    private StreamState StreamOf<T>(in EventAddress address, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (_lastStream is { } last && ReferenceEquals(last.Channel, address.Channel) && ReferenceEquals(last.Symbol, address.Symbol))
        {
            return last;
        }

        if (!_streams.TryGetValue((address.Channel, address.Symbol), out var stream))
        {
            stream = new StreamState(address.Channel, address.Symbol, _keys.Stream(address.Channel, address.Symbol));
            Load(stream, format);
            _streams[(address.Channel, address.Symbol)] = stream;
        }

        return _lastStream = stream;
    }

    private AppendLane LaneOf(StreamState stream)
    {
        if (stream.Lane is { } known && stream.RoutesVersion == _routes.Version)
        {
            return known;
        }

        var shard = _options.Connections == 1 ? 0 : ValkeyRoutes.SlotOf(stream.Key) % _options.Connections;
        var where = (Address: stream.Asked ?? _routes.Of(stream.Key), shard, IsAsking: stream.Asked is not null);
        if (!_lanes.TryGetValue(where, out var lane))
        {
            _lanes[where] = lane = new AppendLane(_options, where.Address, where.IsAsking, this);
        }

        lane.Connect();
        stream.RoutesVersion = _routes.Version;
        return stream.Lane = lane;
    }

    // Reads where a stream ends and which of its newest events are there, so that repeats are known after a restart too.
    private void Load<T>(StreamState stream, EventFormat<T> format) where T : struct, IEvent<T>
    {
        try
        {
            stream.ForeignUntil = null;
            LoadTop(stream);
            stream.Recent = new RecentKeys();
            if (stream.TopMs > long.MinValue)
            {
                var floor = stream.TopMs - _options.MaxLatenessMs;
                stream.Recent.StartAt(new EventKey(floor * NanosecondsPerMillisecond, long.MinValue));
                _query.ReadKeys(stream.Key, stream.Symbol, format, floor, key =>
                {
                    if (!stream.Recent.Contains(key))
                    {
                        stream.Recent.Add(key);
                    }
                });
            }

            _valkey.Call("SADD", new ValkeyKey(ValkeyStatus.Registry), stream.Channel + " " + stream.Symbol);
            stream.Pack = _options.Pack > 1 ? new PackWriter(format.Fields) : null;
            stream.SinceTrim = TrimEvery - 1;
            stream.Format = typeof(T);
            stream.Seen = stream.Confirmed;
        }
        catch (ValkeyErrorException e) when (e.Code == "WRONGTYPE")
        {
            stream.ForeignUntil = _clock.GetTimestamp() + _clock.TimestampFrequency;
        }
        catch (ValkeyErrorException e)
        {
            throw ValkeyErrors.Refused(_routes.Of(stream.Key), e);
        }
    }

    private void LoadTop(StreamState stream)
    {
        var top = _query.Top(stream.Key);
        stream.TopMs = Math.Max(stream.TopMs, top?.Ms ?? long.MinValue);
        stream.Confirmed = top ?? default;
    }

    // Streams of another format are not this call's.
    private void LookAtOthers<T>(StreamState stream, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (stream.ForeignUntil is not null || stream.Format != typeof(T))
        {
            return;
        }

        stream.Seen = _query.ReadKeysBehind(stream.Key, stream.Symbol, format, stream.Seen, key =>
        {
            if (key >= stream.Recent.Floor && !stream.Recent.Contains(key))
            {
                stream.Recent.Add(key);
            }
        });
        stream.TopMs = Math.Max(stream.TopMs, stream.Seen.Ms);
        stream.OldWindow = default;
    }

    private bool IsOurs<T>(StreamState stream, long until, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (_clock.GetTimestamp() >= until)
        {
            Load(stream, format);
        }

        return stream.ForeignUntil is null;
    }

    private bool IsStored<T>(StreamState stream, EventKey key, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (key >= stream.Recent.Floor)
        {
            return stream.Recent.Contains(key);
        }

        var window = stream.OldWindow;
        if (key.Time < window.From || key.Time >= window.To)
        {
            // What was handed over must be there before the server is asked.
            ClosePacks();
            Confirm();
            var from = key.Time - (key.Time % OldWindow);
            var to = Math.Min(from + OldWindow, stream.Recent.Floor.Time + 1);
            stream.Old.Clear();
            stream.OldWindow = default;
            _query.Keys(stream.Channel, stream.Symbol, format, from, to, key => stream.Old.Add(key));
            stream.OldWindow = (from, to);
        }

        return stream.Old.Contains(key);
    }
}
