using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>Which channel has which port.</summary>
public enum PortMap
{
    /// <summary>One port per kind of data: 5555 tick, 5556 book, 5557 flow, 5558 footprint, 5559 liquidity, 5560 tape, 5561 history, ...</summary>
    Default,

    /// <summary>As the old system: 5557 history, 5558 signal and features; flow and footprint have no port.</summary>
    Classic,
}

/// <summary>Options of the section <c>bus</c>.</summary>
public sealed record BusOptions
{
    /// <summary>Which channel has which port; docs/bus.md has both maps.</summary>
    public PortMap Ports { get; init; } = PortMap.Default;

    /// <summary>Ports of single channels, over those of the map. Example: <c>channels: { tick: 6555, candle: 6570 }</c>.</summary>
    public IReadOnlyDictionary<string, int> Channels { get; init; } = new Dictionary<string, int>();

    /// <summary>
    /// Address that publishers listen on and subscribers connect to. The bus has no passwords: name another address than this machine's
    /// own only in a network where everybody may read, and send, everything.
    /// </summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Messages that may wait per subscriber, at each end of its connection.</summary>
    [Range(1, 10_000_000)]
    public int HighWater { get; init; } = 100_000;
}

/// <summary>
/// The ports of the bus. It knows who publishes on which of them, so that two publishers on one port are found before anything starts,
/// and shares a listening socket between sinks where two channels have one port by design. Opens nothing, and needs no library, before a
/// block does.
/// </summary>
[Section("bus", "Ports and addresses of the ZeroMQ bus.")]
public sealed class Bus : IDisposable
{
    /// <summary>Where publishers of agent signals connect to.</summary>
    public const string AgentsIn = "agents_in";

    /// <summary>Where subscribers of agent signals connect to.</summary>
    public const string AgentsOut = "agents_out";

    private static readonly Dictionary<string, int> DefaultPorts = new(StringComparer.Ordinal)
    {
        ["tick"] = 5555, ["book"] = 5556, ["flow"] = 5557, ["footprint"] = 5558, ["liquidity"] = 5559, ["tape"] = 5560, ["history"] = 5561,
        ["signal"] = 5562, ["features"] = 5562, [AgentsIn] = 5563, [AgentsOut] = 5564, ["decision"] = 5565, ["registry"] = 5566,
        ["quote"] = 5567, ["mark"] = 5568, ["state"] = 5569, ["bar"] = 5570, ["prediction"] = 5571, ["order"] = 5572, ["fill"] = 5573, ["event"] = 5574, ["top"] = 5575, ["regime"] = 5576,
    };

    private static readonly Dictionary<string, int> ClassicPorts = new(DefaultPorts, StringComparer.Ordinal)
    {
        ["flow"] = 0, ["footprint"] = 0, ["history"] = 5557, ["signal"] = 5558, ["features"] = 5558,
    };

    private readonly Lock _gate = new();
    private readonly BusOptions _options;
    private ZmqContext? _context;
    private readonly Dictionary<string, int> _ports;
    private readonly Dictionary<string, string> _ownerOfChannel = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Channel, string Block)> _ownerOfEndpoint = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Publication Publication, int Users)> _open = new(StringComparer.Ordinal);

    /// <summary>Checks the ports.</summary>
    /// <exception cref="ConfigurationException">A port is not legal, or two channels have the same.</exception>
    public Bus(BusOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _ports = new Dictionary<string, int>(options.Ports == PortMap.Classic ? ClassicPorts : DefaultPorts, StringComparer.Ordinal);
        foreach (var (channel, port) in options.Channels)
        {
            if (port is < 1 or > 65535)
            {
                throw new ConfigurationException($"channels.{channel}", $"{port} is no port. Legal: 1 to 65535.");
            }

            if (channel.Length == 0 || !channel.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
            {
                throw new ConfigurationException("channels", $"'{channel}' is no name of a channel. Legal are a-z, 0-9 and _.");
            }

            _ports[channel] = port;
        }

        if (string.IsNullOrWhiteSpace(options.Host) || options.Host.AsSpan().IndexOfAny(" /:") >= 0 && !options.Host.StartsWith('['))
        {
            throw new ConfigurationException("host", $"'{options.Host}' is no address. Write for example 127.0.0.1, 0.0.0.0 for all of this machine's, or [::1].");
        }

        var clash = _ports.Where(p => p.Value > 0).GroupBy(p => p.Value).FirstOrDefault(g => g.Skip(1).Any(other => !MayShare(g.First().Key, other.Key)));
        if (clash is not null)
        {
            throw new ConfigurationException("channels", $"the channels {string.Join(" and ", clash.Select(c => $"'{c.Key}'"))} have the same port {clash.Key}; give each its own.");
        }
    }

    /// <summary>Messages that may wait per subscriber.</summary>
    public int HighWater => _options.HighWater;

    /// <summary>Where the publisher of a channel listens.</summary>
    /// <exception cref="ConfigurationException">The channel has no port.</exception>
    public string ListenOn(string channel) => $"tcp://{_options.Host}:{PortOf(channel)}";

    /// <summary>Where a subscriber of a channel connects to.</summary>
    /// <exception cref="ConfigurationException">The channel has no port.</exception>
    public string ConnectTo(string channel) => $"tcp://{(_options.Host is "0.0.0.0" or "*" ? "127.0.0.1" : _options.Host)}:{PortOf(channel)}";

    /// <summary>Reserves a channel and its address for one block, for as long as the pipeline exists.</summary>
    /// <exception cref="ConfigurationException">Another block has it.</exception>
    public void Claim(string channel, string endpoint, string block)
    {
        lock (_gate)
        {
            // Port 0 and * let the system choose, so nobody can be in the way.
            var isChosenLater = endpoint.EndsWith(":*", StringComparison.Ordinal) || endpoint.EndsWith(":0", StringComparison.Ordinal);
            if (_ownerOfEndpoint.TryGetValue(endpoint, out var owner) && owner.Block != block && !MayShare(owner.Channel, channel))
            {
                throw new ConfigurationException("", $"'{block}' publishes '{channel}' on {endpoint}, where '{owner.Block}' publishes '{owner.Channel}' already. Give one of them another port: bus.channels.{channel}.");
            }

            if (_ownerOfChannel.TryGetValue(channel + endpoint, out var publisher) && publisher != block && !isChosenLater)
            {
                throw new ConfigurationException("", $"'{block}' publishes '{channel}' on {endpoint}, but '{publisher}' does so already. Two publishers would number the same topics twice: leave '{channel}' to one of them with `channels:`.");
            }

            if (!isChosenLater)
            {
                _ownerOfEndpoint.TryAdd(endpoint, (channel, block));
            }

            _ownerOfChannel[channel + endpoint] = block;
        }
    }

    /// <summary>Opens the socket of an address, or shares the open one; <see cref="Close"/> gives it back.</summary>
    internal Publication Open(string endpoint, PublicationOptions options)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(endpoint, out var shared) && !endpoint.EndsWith('*'))
            {
                _open[endpoint] = (shared.Publication, shared.Users + 1);
                return shared.Publication;
            }

            var publication = new Publication(Context, endpoint, options);
            _open[publication.Endpoint] = (publication, 1);
            return publication;
        }
    }

    /// <summary>Gives a socket back; the last user closes it, which waits for unsent messages as long as its options say.</summary>
    internal void Close(Publication publication)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(publication.Endpoint, out var entry) && entry.Users > 1)
            {
                _open[publication.Endpoint] = (publication, entry.Users - 1);
                return;
            }

            _open.Remove(publication.Endpoint);
        }

        publication.Dispose();
    }

    /// <summary>The context of all sockets of the pipeline, made when the first block opens one.</summary>
    internal ZmqContext Context
    {
        get
        {
            lock (_gate)
            {
                return _context ??= new ZmqContext();
            }
        }
    }

    /// <summary>True when the channel has a port.</summary>
    public bool HasPort(string channel) => _ports.GetValueOrDefault(Key(channel)) > 0;

    /// <summary>
    /// The channels that a block of these events uses: those asked for, or all that have an address. Throws when one is not a channel of
    /// these events, or when none is left.
    /// </summary>
    internal IReadOnlyList<string> Choose(IReadOnlyList<string> asked, IReadOnlyList<string> legal, bool hasEndpoint)
    {
        if (asked.FirstOrDefault(a => !legal.Any(l => l == a || (l.EndsWith(':') && a.StartsWith(l, StringComparison.Ordinal)))) is { } unknown)
        {
            throw new ConfigurationException("channels", $"these events have no channel '{unknown}'. Legal: {string.Join(", ", legal)}.");
        }

        var chosen = asked.Count > 0 ? asked : [.. legal.Where(c => hasEndpoint || HasPort(c))];
        return chosen.Count > 0 ? chosen : throw new ConfigurationException(
            "", $"none of the channels {string.Join(", ", legal)} has a port. Give one of them a port in the section bus (bus.channels), or this block an `endpoint:`.");
    }

    /// <summary>Ends the context; waits for messages that closed sockets still linger for.</summary>
    public void Dispose() => _context?.Dispose();

    private int PortOf(string channel)
    {
        if (!_ports.TryGetValue(Key(channel), out var port))
        {
            throw new ConfigurationException("", $"the channel '{channel}' has no port. Give it one: bus.channels.{channel}. Those with one: {string.Join(", ", _ports.Keys)}.");
        }

        return port > 0 ? port : throw new ConfigurationException(
            "", $"with `ports: classic` the port of '{channel}' belongs to another channel, as in the old system. Use `ports: default`, or give it a free port: bus.channels.{channel}.");
    }

    // Bars of all lengths have one port.
    private static string Key(string channel) => channel.IndexOf(':') is > 0 and var colon ? channel[..colon] : channel;

    private static bool MayShare(string one, string other) => one is "signal" or "features" && other is "signal" or "features" && one != other;
}
