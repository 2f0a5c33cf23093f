using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>
/// What the thread of a <see cref="ZeroMqSink{T}"/> does: takes all that waits in the ring, words it, sends it, and sleeps when there is
/// nothing. It never waits for a subscriber.
/// </summary>
[RunEvent("QT2206", "publisher_failed", "The publishing thread ended.", "Read the message, and restart the pipeline.", Level = RunEventLevel.Error)]
internal sealed class Publisher<T>(
    ZeroMqSinkOptions options, BlockContext context, Bus bus, MarketContext market, EventFormat<T> format, HandOverRing<T> ring, IReadOnlyDictionary<string, string> endpoints)
    : IDisposable
    where T : struct, IEvent<T>
{
    private const string Stopped = "stopped";
    private const int ChunkLength = 256;

    // How soon a sleeping publisher takes in new subscriptions.
    private const int IdleMilliseconds = 50;

    // Under load the ring is never empty; a topic's partly filled message, heartbeats and subscribers wait no longer than this.
    private static readonly long ServeTicks = Stopwatch.Frequency / 1000;

    private readonly PublishedChannels _channels = new();
    private readonly LatencyHistogram _latency = new();
    private MessageWriter<T>? _messages;
    private Accounts? _accounts;
    private long _heartbeatAt;
    private volatile bool _hasFailed;

    public IReadOnlyDictionary<string, string> Endpoints => _channels.Endpoints;

    public bool HasSubscribersEverywhere => _channels.Publications.All(p => p.HasSubscribers);

    public string WithoutSubscribers => string.Join(", ", _channels.Publications.Where(p => !p.HasSubscribers).Select(p => p.Endpoint));

    public bool HasSubscriber(string topic) => _channels.Publications.Any(p => p.HasSubscriber(topic));

    /// <summary>Why an event that finds no room in the ring is not sent; counts it under that at its channel.</summary>
    public string CountRefused(in T value) => CountUnsent(in value, _hasFailed ? Stopped : "queue_full");

    /// <summary>Opens the sockets, so that an address that is in use ends the start and not the thread.</summary>
    public void Open(Accounts accounts)
    {
        _accounts = accounts;
        var settings = new PublicationOptions(options.HighWater ?? bus.HighWater, options.SlowSubscriber == SlowSubscriber.DropForAll, options.LingerMs, options.Connect);
        Publication? only = null;
        foreach (var (channel, endpoint) in endpoints)
        {
            var publication = options.Endpoint is not null && only is not null ? only : bus.Open(endpoint, settings);
            only ??= publication;
            _channels.Add(channel, publication);
        }

        _messages = new MessageWriter<T>(options, context.Clock, _channels, format, market, accounts);
    }

    public void Dispose()
    {
        foreach (var publication in _channels.Publications)
        {
            bus.Close(publication);
        }

        _messages?.Dispose();
        _channels.Clear();
    }

    /// <summary>The thread.</summary>
    public void Run()
    {
        try
        {
            _heartbeatAt = context.Clock.GetTimestamp();
            Loop();
        }
        catch (Exception error) when (error is ZmqException or InvalidOperationException)
        {
            // The pipeline goes on: what was not sent, and everything from here on, is dropped and counted.
            _hasFailed = true;
            _accounts!.Error(error.GetType().Name);
            _accounts.Note("publisher_failed", $"Publishing ended: {error.Message} Everything from here on is dropped as `{Stopped}`.");
            _messages!.DropUnsent(Stopped);
            ring.Advance(_messages.Done);
            DropAll();
        }
    }

    public ZeroMqSinkReport Report()
    {
        var (_, latency) = _latency.Quantiles(0.5, 0.99, 0.999);
        var connections = _channels.Publications.Select(p => p.Connections).ToList();
        return new ZeroMqSinkReport(
            _messages?.Messages ?? 0, _messages?.Bytes ?? 0, _messages?.Heartbeats ?? 0, ring.Count, (_messages?.Errors ?? 0) + (_hasFailed ? 1 : 0),
            connections.Sum(c => c.Accepted), connections.Sum(c => c.Disconnected), latency[0], latency[1], latency[2], _channels.Report());
    }

    private void Loop()
    {
        var servedAt = Stopwatch.GetTimestamp();
        var isBusy = false;
        while (true)
        {
            var chunk = ring.Peek(ChunkLength, out var stamp);
            if (!chunk.IsEmpty)
            {
                var now = SendChunk(chunk, isServing: false);
                // The oldest event's wait stands for all of the chunk.
                _latency.Record(now - stamp, chunk.Length);
                ring.Advance(chunk.Length);
                isBusy = true;
                if (now - servedAt <= ServeTicks)
                {
                    continue;
                }
            }

            // Read before the last look into the ring: what was written before the end is then seen.
            var isCompleted = ring.IsCompleted && ring.Count == 0;
            servedAt = SendChunk(default, isServing: true, isLast: isCompleted);
            if (isCompleted)
            {
                return;
            }

            if (ring.Count > 0)
            {
                continue;
            }

            if (isBusy && options.CoalesceMs > 0)
            {
                ring.Nap(options.CoalesceMs);
            }
            else
            {
                ring.Sleep(IdleMilliseconds);
            }

            isBusy = false;
        }
    }

    private void DropAll()
    {
        while (true)
        {
            var isCompleted = ring.IsCompleted;
            for (var chunk = ring.Peek(ChunkLength, out _); !chunk.IsEmpty; chunk = ring.Peek(ChunkLength, out _))
            {
                foreach (ref readonly var e in chunk)
                {
                    _accounts!.Drop(CountUnsent(in e, Stopped));
                }

                ring.Advance(chunk.Length);
            }

            if (isCompleted)
            {
                return;
            }

            ring.Sleep(IdleMilliseconds);
        }
    }

    private string CountUnsent(in T value, string reason)
    {
        try
        {
            if (_channels.Find(format.AddressOf(in value).Channel) is not { } counts)
            {
                return "not_published";
            }

            counts.Drop(reason);
        }
        catch (Exception error) when (error is ArgumentException or IndexOutOfRangeException)
        {
            // A bad event has no channel; nobody will send it anyway.
        }

        return reason;
    }

    // With the sockets in hand: sends what there is, and from time to time what is left over, heartbeats, and news of subscribers.
    private long SendChunk(ReadOnlySpan<T> chunk, bool isServing, bool isLast = false)
    {
        foreach (var publication in _channels.Publications)
        {
            publication.Enter();
        }

        try
        {
            _messages!.Send(chunk);
            if (isServing)
            {
                _messages.Flush();
                HeartbeatWhenDue(isLast);
                foreach (var publication in _channels.Publications)
                {
                    publication.Serve();
                }
            }
        }
        finally
        {
            foreach (var publication in _channels.Publications)
            {
                publication.Leave();
            }
        }

        return Stopwatch.GetTimestamp();
    }

    private void HeartbeatWhenDue(bool isLast)
    {
        if (options.HeartbeatSeconds > 0 && (isLast || context.Clock.GetElapsedTime(_heartbeatAt).TotalSeconds >= options.HeartbeatSeconds))
        {
            _heartbeatAt = context.Clock.GetTimestamp();
            _messages!.Heartbeat();
        }
    }
}
