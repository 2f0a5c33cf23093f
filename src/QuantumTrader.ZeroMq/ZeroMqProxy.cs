using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>Options of <c>proxy.zeromq</c>.</summary>
public sealed record ZeroMqProxyOptions
{
    /// <summary>Where publishers connect to; without it, the port of <c>agents_in</c> (5563).</summary>
    public string? In { get; init; }

    /// <summary>Where subscribers connect to; without it, the port of <c>agents_out</c> (5564).</summary>
    public string? Out { get; init; }

    /// <summary>Messages that may wait per publisher and per subscriber; without it, that of the section <c>bus</c>.</summary>
    [Range(1, 10_000_000)]
    public int? HighWater { get; init; }

    /// <summary>Bytes of the largest frame; a publisher that sends a larger one is disconnected.</summary>
    [Range(256, 134_217_728)]
    public int MaxFrameBytes { get; init; } = 1_048_576;

    /// <summary>Ends the proxy when nothing passed for so many milliseconds; 0 never.</summary>
    [Range(0, 86_400_000)]
    public int IdleEndMs { get; init; }
}

/// <summary>What <c>proxy.zeromq</c> leaves in the run's report.</summary>
/// <param name="In">Where publishers connect to.</param>
/// <param name="Out">Where subscribers connect to.</param>
/// <param name="Messages">Messages passed on.</param>
/// <param name="Bytes">Bytes in their frames.</param>
/// <param name="SlowSubscriber">Times that the queue of a subscriber was found full.</param>
/// <param name="Subscriptions">Subscriptions passed on to the publishers, ended ones included.</param>
public sealed record ZeroMqProxyReport(string In, string Out, long Messages, long Bytes, long SlowSubscriber, long Subscriptions);

/// <summary>The events of a block that has none.</summary>
public readonly struct NoEvent : IEvent<NoEvent>
{
    /// <inheritdoc/>
    public long Sequence => 0;

    /// <inheritdoc/>
    public long PartitionKey => 0;

    /// <inheritdoc/>
    public long ConflationKey => 0;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<NoEvent> events, IncrementalHash hash) { }
}

/// <summary>
/// Joins many publishers and many subscribers: both connect to it, so that neither has to know the others. It has no input, and its
/// output is empty; it runs until the run is stopped.
/// </summary>
/// <example>
/// agents: { type: proxy.zeromq }
/// </example>
[Block("proxy.zeromq", "Joins many publishers and many subscribers, such as agents and their coordinator.", Io = true)]
public sealed class ZeroMqProxy : Source<NoEvent>
{
    private readonly ZeroMqProxyOptions _options;
    private readonly BlockContext _context;
    private readonly Bus _bus;
    private readonly string _in;
    private readonly string _out;
    private ZmqForwarder? _forwarder;
    private long _idleSince;
    private long _seen;

    /// <summary>Checks options and reserves the ports; opens nothing.</summary>
    /// <exception cref="ConfigurationException">libzmq is missing, or another block has a port.</exception>
    public ZeroMqProxy(ZeroMqProxyOptions options, BlockContext context, Bus bus)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(bus);
        LibZmq.Require();
        (_options, _context, _bus) = (options, context, bus);
        _in = options.In ?? bus.ListenOn(Bus.AgentsIn);
        _out = options.Out ?? bus.ListenOn(Bus.AgentsOut);
        bus.Claim(Bus.AgentsIn, _in, context.Name);
        bus.Claim(Bus.AgentsOut, _out, context.Name);
    }

    /// <summary>Where publishers and subscribers connect to, once started: with the ports that the system chose.</summary>
    public (string In, string Out) Endpoints => (_forwarder!.In, _forwarder.Out);

    /// <inheritdoc/>
    public override void Start()
    {
        try
        {
            _forwarder = new ZmqForwarder(_bus.Context, _in, _out, _options.HighWater ?? _bus.HighWater, _options.MaxFrameBytes);
        }
        catch (ZmqException e)
        {
            throw new ConfigurationException("", $"'{Name}' cannot listen on {_in} and {_out}: {e.Message} End who listens there, or choose other ports in the section bus.") { Outside = e.Error == ZmqError.AddressInUse };
        }

        _forwarder.HandOver();
        _idleSince = _context.Clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public override bool Read(Output<NoEvent> output, int limit, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            _forwarder!.Forward(milliseconds: 50);
            if (_forwarder.Messages != _seen)
            {
                (_seen, _idleSince) = (_forwarder.Messages, _context.Clock.GetTimestamp());
            }
            else if (_options.IdleEndMs > 0 && _context.Clock.GetElapsedTime(_idleSince).TotalMilliseconds >= _options.IdleEndMs)
            {
                break;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override object? Report() => _forwarder is not { } f ? null : new ZeroMqProxyReport(f.In, f.Out, f.Messages, f.Bytes, f.Refused, f.Subscriptions);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _forwarder?.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
