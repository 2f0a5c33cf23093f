using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>
/// Makes events of messages: finds the topic, tells the formats apart, follows the numbers. Whatever anybody may send is either read or
/// refused under a reason.
/// </summary>
[RunEvent("QT2203", "foreign_topic", "A topic only begins like one that was subscribed to.", "Nothing: it is not read.", Level = RunEventLevel.Information)]
internal sealed class MessageReader<T> : IDisposable where T : struct, IEvent<T>
{
    private const int SampleBytes = 60;

    private readonly EventFormat<T> _format;
    private readonly MarketContext _market;
    private readonly Accounts _accounts;
    private readonly int _maxFrameBytes;
    private readonly Dictionary<byte[], (TopicNumbers Numbers, bool IsHeartbeat)> _topics = new(new TopicComparer());
    private readonly Dictionary<byte[], (TopicNumbers Numbers, bool IsHeartbeat)>.AlternateLookup<ReadOnlySpan<byte>> _byTopic;
    private readonly JsonFieldReader _fields = new();
    private readonly ZmqFrame _body = new();
    private bool _hasSeenForeign;
    private long _received;
    private long _processed;
    private long _events;
    private long _heartbeats;
    private long _errors;

    /// <summary>A reader of these channels and symbols.</summary>
    public MessageReader(EventFormat<T> format, MarketContext market, Accounts accounts, int maxFrameBytes, IReadOnlyList<string> channels, IReadOnlyList<string> symbols)
    {
        (_format, _market, _accounts, _maxFrameBytes) = (format, market, accounts, maxFrameBytes);
        _byTopic = _topics.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var channel in channels)
        {
            foreach (var symbol in symbols)
            {
                var numbers = new TopicNumbers($"{channel}_{symbol}", market.Symbols.Find(symbol));
                _topics[Topics.Name(channel, symbol)] = (numbers, false);
                _topics[Topics.Heartbeat(channel, symbol)] = (numbers, true);
            }
        }
    }

    /// <summary>The topics to subscribe to, heartbeats included.</summary>
    public IReadOnlyCollection<byte[]> Names => _topics.Keys;

    /// <summary>Messages, bad ones and heartbeats included.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Messages that became events.</summary>
    public long Processed => Volatile.Read(ref _processed);

    /// <summary>Events sent on.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <summary>Heartbeats received.</summary>
    public long Heartbeats => Volatile.Read(ref _heartbeats);

    /// <summary>Messages refused.</summary>
    public long Errors => Volatile.Read(ref _errors);

    /// <summary>Time of the newest event, ns.</summary>
    public long LastTime { get; private set; }

    /// <summary>What each topic received.</summary>
    public IReadOnlyDictionary<string, TopicReport> Report() =>
        _topics.Values.Where(t => !t.IsHeartbeat).OrderBy(t => t.Numbers.Topic, StringComparer.Ordinal).ToDictionary(t => t.Numbers.Topic, t => t.Numbers.Report(), StringComparer.Ordinal);

    /// <summary>Reads the message whose first frame is given; the others are still to be received from the socket.</summary>
    public void Take(Output<T> output, ZmqFrame first, ZmqSocket socket)
    {
        _received++;
        if (!first.More)
        {
            var frame = first.Data;
            var end = frame[..Math.Min(frame.Length, Topics.MaxLength + 1)].IndexOf(Topics.Separator);
            if (end < 0)
            {
                Refuse("short_frame", frame);
            }
            else
            {
                Take(output, frame[..end], frame[(end + 1)..]);
            }

            return;
        }

        // The frames of a message arrive together, so these never fail to be there.
        socket.TryReceive(_body);
        if (!_body.More)
        {
            Take(output, first.Data, _body.Data);
            return;
        }

        Refuse("too_many_frames", first.Data);
        while (_body.More && socket.TryReceive(_body))
        {
        }
    }

    public void Dispose() => _body.Dispose();

    private void Take(Output<T> output, ReadOnlySpan<byte> topic, ReadOnlySpan<byte> body)
    {
        if (!_byTopic.TryGetValue(topic, out var found))
        {
            // A subscription is a prefix: the one to tick_WDO brings tick_WDOU25 too.
            if (!_hasSeenForeign)
            {
                _hasSeenForeign = true;
                _accounts.Note("foreign_topic", $"The topic '{Sample(topic)}' only begins like one that was subscribed to; its messages are left out.");
            }

            _accounts.Drop("foreign_topic");
        }
        else if (body.Length > _maxFrameBytes)
        {
            Refuse("huge_frame", body);
        }
        else if (found.IsHeartbeat)
        {
            TakeHeartbeat(found.Numbers, body);
        }
        else if (BinaryFrame.IsOne(body) && typeof(T) == typeof(MarketEvent))
        {
            TakeBinary(output, found.Numbers, body);
        }
        else if (body.Length > 0 && body[0] == (byte)'{')
        {
            TakeJson(output, found.Numbers, body);
        }
        else
        {
            Refuse(body.Length < BinaryFrame.HeadSize ? "short_frame" : "not_ours", body);
        }
    }

    private void TakeBinary(Output<T> output, TopicNumbers numbers, ReadOnlySpan<byte> body)
    {
        if (!BinaryFrame.TryRead(body, out var events, out var count, out var number))
        {
            Refuse("bad_frame", body);
            return;
        }

        numbers.Arrived(number, number + count - 1, _accounts);
        for (var i = 0; i < count; i++)
        {
            var e = BinaryFrame.Event(events, i);
            if (e.Kind is > EventKind.None and <= EventKind.Clock)
            {
                e.Symbol = numbers.Symbol;
                Send(output, ref e);
            }
            else
            {
                _accounts.Reject("bad_event", -1, $"{numbers.Topic} number {number + i}: kind {(byte)e.Kind}");
            }
        }

        _processed++;
    }

    private void TakeJson(Output<T> output, TopicNumbers numbers, ReadOnlySpan<byte> body)
    {
        if (!_fields.TryLoad(body, out _))
        {
            Refuse("bad_json", body);
            return;
        }

        try
        {
            _fields.Number = null;
            var isCanonical = _fields.Has("version");
            if (isCanonical && _fields.Whole("version") != BusMessage.Version)
            {
                Refuse("unknown_version", body);
                return;
            }

            if (_fields.Has("seq") && _fields.Whole("seq") is > 0 and var number)
            {
                numbers.Arrived(number, number, _accounts);
            }

            _fields.Number = _events + 1;
            if (!isCanonical && typeof(T) == typeof(MarketEvent))
            {
                SendOld(output, OldBody.Read(_fields, _market, numbers.Symbol));
            }
            else
            {
                var value = _format.Read(_fields);
                _events++;
                LastTime = _format.AddressOf(in value).EventTime;
                output.Add(in value);
            }

            _processed++;
        }
        catch (FieldException error)
        {
            _errors++;
            _accounts.Reject("bad_field", -1, $"{numbers.Topic}: {error.Field}: {error.Message}");
        }
    }

    // The old system sends one level a message; here levels come behind the header of their update.
    private void SendOld(Output<T> output, MarketEvent e)
    {
        if (e.Kind == EventKind.BookLevel)
        {
            var header = new MarketEvent { Kind = EventKind.BookUpdate, EventTime = e.EventTime, Symbol = e.Symbol, PreviousUpdateId = -1, LevelCount = 1 };
            Send(output, ref header);
        }

        Send(output, ref e);
    }

    private void Send(Output<T> output, ref MarketEvent e)
    {
        e.Sequence = ++_events;
        LastTime = e.EventTime;
        // T is MarketEvent here; the compiler removes the detour.
        output.Add((T)(object)e);
    }

    private void TakeHeartbeat(TopicNumbers numbers, ReadOnlySpan<byte> body)
    {
        _fields.Number = null;
        if (_fields.TryLoad(body, out _) && TryReadLast(out var last))
        {
            _heartbeats++;
            numbers.Told(last, _accounts);
        }
        else
        {
            Refuse("bad_heartbeat", body);
        }
    }

    private bool TryReadLast(out long last)
    {
        try
        {
            last = _fields.Whole("seq");
            return last >= 0;
        }
        catch (FieldException)
        {
            last = 0;
            return false;
        }
    }

    private void Refuse(string reason, ReadOnlySpan<byte> sample)
    {
        _errors++;
        _accounts.Reject(reason, -1, $"{sample.Length} bytes: {Sample(sample)}");
    }

    private static string Sample(ReadOnlySpan<byte> bytes)
    {
        var head = bytes[..Math.Min(bytes.Length, SampleBytes)];
        return head.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 ? Encoding.ASCII.GetString(head) : Convert.ToHexString(head);
    }
}
