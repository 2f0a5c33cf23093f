using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>What a message's body is.</summary>
public enum BusFormat
{
    /// <summary>A JSON object per event.</summary>
    Json,

    /// <summary>Market events as they lie in memory, 64 bytes each, behind a head of 16 bytes.</summary>
    Binary,
}

/// <summary>What happens to a message that does not fit into a subscriber's queue.</summary>
public enum SlowSubscriber
{
    /// <summary>That subscriber misses messages until it has read, and sees by their numbers how many; all others get them.</summary>
    Skip,

    /// <summary>Nobody gets the message, so that all subscribers have the same and the count of drops is exact.</summary>
    DropForAll,
}

/// <summary>Options of <c>sink.zeromq</c>.</summary>
public sealed record ZeroMqSinkOptions
{
    /// <summary>What a message's body is.</summary>
    public BusFormat Format { get; init; } = BusFormat.Json;

    /// <summary>The wording of JSON: this system's own, or the old system's for market events.</summary>
    public Dialect Dialect { get; init; } = Dialect.Canonical;

    /// <summary>Channels to publish; without it, every channel of these events that has a port. Example: <c>channels: [tick]</c>.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];

    /// <summary>
    /// One address for all channels instead of the ports of the section <c>bus</c>, such as <c>tcp://127.0.0.1:6000</c>; port <c>*</c> lets the
    /// system choose.
    /// </summary>
    public string? Endpoint { get; init; }

    /// <summary>Connects to <c>endpoint</c>, where a proxy listens, instead of listening there.</summary>
    public bool Connect { get; init; }

    /// <summary>Events of a topic that may share a binary message. Those that wait are sent as soon as nothing else is to be done, so a quiet market is not delayed.</summary>
    [Range(1, BinaryFrame.MaxEvents)]
    public int FrameEvents { get; init; } = 1;

    /// <summary>Sends topic, a space and the body as one frame, which is cheaper than two.</summary>
    public bool OnePart { get; init; }

    /// <summary>Events that may wait for the publisher's thread, rounded up to a power of two. When it is full, new ones are dropped and counted: the pipeline never waits for the bus.</summary>
    [Range(2, 16_777_216)]
    public int Queue { get; init; } = 16_384;

    /// <summary>
    /// While events keep coming the publisher's thread looks for them once in so many milliseconds, instead of being woken for each, which
    /// costs the pipeline's thread some 10 µs. An event after a pause is sent at once. 0 wakes for each.
    /// </summary>
    [Range(0, 1000)]
    public int CoalesceMs { get; init; } = 1;

    /// <summary>Messages that may wait per subscriber; without it, that of the section <c>bus</c>.</summary>
    [Range(1, 10_000_000)]
    public int? HighWater { get; init; }

    /// <summary>What happens to a message that does not fit into a subscriber's queue.</summary>
    public SlowSubscriber SlowSubscriber { get; init; } = SlowSubscriber.Skip;

    /// <summary>Seconds between heartbeats, which tell each topic's last number, so that a lost tail is seen; 0 for none.</summary>
    [Range(0, 3600)]
    public double HeartbeatSeconds { get; init; } = 1;

    /// <summary>
    /// Seconds that the start waits until every address of this sink has a subscriber: for replays, whose first events nobody would get
    /// otherwise. 0 does not wait, and a wait in vain ends with a finding.
    /// </summary>
    [Range(0, 3600)]
    public double AwaitSubscribersSeconds { get; init; }

    /// <summary>Milliseconds that the end of the run waits for messages that subscribers have not taken yet.</summary>
    [Range(0, 600_000)]
    public int LingerMs { get; init; } = 1000;
}

/// <summary>What one channel published.</summary>
/// <param name="Endpoint">Where.</param>
/// <param name="Published">Events that were sent to whoever subscribed.</param>
/// <param name="Dropped">Drops by reason: <c>queue_full</c>, <c>slow_subscriber</c>, <c>not_in_dialect</c>, <c>bad_event</c>, <c>stopped</c>.</param>
public sealed record ChannelReport(string Endpoint, long Published, IReadOnlyDictionary<string, long> Dropped);

/// <summary>What <c>sink.zeromq</c> leaves in the run's report.</summary>
/// <param name="Messages">Messages sent, heartbeats not counted.</param>
/// <param name="Bytes">Bytes in their frames.</param>
/// <param name="Heartbeats">Heartbeats sent.</param>
/// <param name="Waiting">Events that wait for the publisher's thread.</param>
/// <param name="Errors">Events that could not be worded, and failures of the publisher.</param>
/// <param name="Connected">Subscribers that connected.</param>
/// <param name="Disconnected">Subscribers that were lost.</param>
/// <param name="LatencyP50">Median time from the block's call to the return of libzmq's, in µs.</param>
/// <param name="LatencyP99">99th percentile, in µs.</param>
/// <param name="LatencyP999">99.9th percentile, in µs.</param>
/// <param name="Channels">By channel.</param>
public sealed record ZeroMqSinkReport(
    long Messages, long Bytes, long Heartbeats, long Waiting, long Errors, long Connected, long Disconnected,
    double LatencyP50, double LatencyP99, double LatencyP999, IReadOnlyDictionary<string, ChannelReport> Channels);

/// <summary>
/// Publishes events on the ZeroMQ bus: topic <c>channel_symbol</c>, numbered by topic. The block only copies each event into a ring; a thread of
/// its own words and sends them. What does not fit is dropped and counted, never waited for.
/// </summary>
/// <example>
/// bus: { type: sink.zeromq, from: normalize, format: binary, frame_events: 32, phase: zmq }
/// </example>
[Block("sink.zeromq", "Publishes events on the ZeroMQ bus.")]
[RunEvent("QT2202", "no_subscriber", "Nobody has subscribed within the time that the sink waits for it.", "Start the subscriber first, or set `await_subscribers_seconds: 0`.")]
public sealed class ZeroMqSink<T> : Observer<T> where T : struct, IEvent<T>
{
    private const int LookMilliseconds = 10;

    private readonly ZeroMqSinkOptions _options;
    private readonly TimeProvider _clock;
    private readonly EventFormat<T> _format;
    private readonly Publisher<T> _publisher;
    private readonly HandOverRing<T> _ring;
    private Thread? _thread;

    /// <summary>Checks options and reserves the ports; opens nothing.</summary>
    /// <exception cref="ConfigurationException">libzmq is missing, a channel has no port or another publisher, or options do not fit each other.</exception>
    public ZeroMqSink(ZeroMqSinkOptions options, BlockContext context, Bus bus, MarketContext market, EventFormat<T> format)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(format);
        LibZmq.Require();
        CheckFormat(options);
        (_options, _clock) = (options, context.Clock);
        _format = format;
        _ring = new HandOverRing<T>(options.Queue);
        var endpoints = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var channel in bus.Choose(options.Channels, format.Channels, options.Endpoint is not null))
        {
            endpoints[channel] = options.Endpoint ?? bus.ListenOn(channel);
            if (!options.Connect)
            {
                bus.Claim(channel, endpoints[channel], context.Name);
            }
        }

        _publisher = new Publisher<T>(options, context, bus, market, format, _ring, endpoints);
    }

    /// <summary>Where each channel is published, once started: with the port that the system chose.</summary>
    public IReadOnlyDictionary<string, string> Endpoints => _publisher.Endpoints;

    /// <summary>Events that wait for the publisher's thread.</summary>
    public int Waiting => _ring.Count;

    /// <summary>True when somebody subscribed to this topic, or to a prefix of it.</summary>
    public bool HasSubscriber(string topic) => _publisher.HasSubscriber(topic);

    /// <inheritdoc/>
    public override void Start()
    {
        _publisher.Open(Accounts);
        _thread = new Thread(_publisher.Run) { IsBackground = true, Name = $"qt/{Name}/publish" };
        _thread.Start();
        AwaitSubscribers();
    }

    /// <inheritdoc/>
    public override void Observe(Run<T> run)
    {
        var taken = HandOver(run.Rest);
        if (taken < run.Length)
        {
            // A run may be longer than the ring: the publisher has begun with what is there.
            taken += HandOver(run.Rest[taken..]);
            Refuse(run, taken);
        }
    }

    /// <summary>Sends what waits and the last heartbeats.</summary>
    public override void Complete()
    {
        _ring.Complete();
        // The thread never waits for a subscriber, so this ends as soon as the ring is empty.
        _thread?.Join();
    }

    /// <inheritdoc/>
    public override object Report() => _publisher.Report();

    /// <inheritdoc/>
    public override void Dispose()
    {
        Complete();
        _publisher.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    private void AwaitSubscribers()
    {
        // The publisher's thread takes subscriptions in; nothing tells this one, so it looks.
        using var nothing = new ManualResetEventSlim();
        var since = _clock.GetTimestamp();
        while (_options.AwaitSubscribersSeconds > 0 && !_publisher.HasSubscribersEverywhere)
        {
            if (_clock.GetElapsedTime(since).TotalSeconds >= _options.AwaitSubscribersSeconds)
            {
                Note("no_subscriber", $"Nobody subscribed within {_options.AwaitSubscribersSeconds} s on {_publisher.WithoutSubscribers}; what is published there now is lost.");
                return;
            }

            nothing.Wait(LookMilliseconds);
        }
    }

    // One stamp for all: a stamp costs about as much as handing over an event.
    private int HandOver(ReadOnlySpan<T> events) => _ring.Add(events, Stopwatch.GetTimestamp());

    // Cold: the ring is full.
    private void Refuse(Run<T> run, int taken)
    {
        var position = 0;
        foreach (ref readonly var e in run)
        {
            if (position++ >= taken)
            {
                run.Drop(_publisher.CountRefused(in e));
            }
        }
    }

    private static void CheckFormat(ZeroMqSinkOptions options)
    {
        var isMarket = typeof(T) == typeof(MarketEvent);
        if (options.Format == BusFormat.Binary && !isMarket)
        {
            throw new ConfigurationException("format", $"only market events have a binary form, and these are {typeof(T).Name}. Use format: json.");
        }

        if (options.Dialect != Dialect.Canonical && !isMarket)
        {
            throw new ConfigurationException("dialect", $"the old system's wording is known for market events, and these are {typeof(T).Name}. Use dialect: canonical.");
        }

        if (options.Dialect != Dialect.Canonical && options.Format == BusFormat.Binary)
        {
            throw new ConfigurationException("dialect", "a binary body has no wording. Remove dialect, or use format: json.");
        }

        if (options.FrameEvents > 1 && options.Format != BusFormat.Binary)
        {
            throw new ConfigurationException("frame_events", "only binary messages hold several events. Use format: binary, or remove frame_events.");
        }

        if (options.Connect && options.Endpoint is null)
        {
            throw new ConfigurationException("connect", "needs `endpoint:`, the address of the proxy.");
        }
    }
}
