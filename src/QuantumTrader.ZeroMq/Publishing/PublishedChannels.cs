namespace QuantumTrader.ZeroMq;

/// <summary>The channels of one publisher: on which socket each is published, and what it counts.</summary>
internal sealed class PublishedChannels
{
    private readonly Dictionary<string, ChannelCounts> _channels = new(StringComparer.Ordinal);

    /// <summary>The sockets, each once, in the order in which they are entered.</summary>
    public Publication[] Publications { get; private set; } = [];

    /// <summary>Where each channel is published.</summary>
    public IReadOnlyDictionary<string, string> Endpoints => _channels.ToDictionary(c => c.Key, c => c.Value.Publication.Endpoint, StringComparer.Ordinal);

    public void Add(string channel, Publication publication)
    {
        _channels[channel] = new ChannelCounts(publication);
        Publications = [.. _channels.Values.Select(c => c.Publication).Distinct().OrderBy(p => p.Endpoint, StringComparer.Ordinal)];
    }

    /// <summary>The channel's counts; null when it is not published. <c>bar:1m</c> is published where <c>bar:1m</c> or, failing that, <c>bar:</c> is.</summary>
    public ChannelCounts? Find(string channel) =>
        _channels.TryGetValue(channel, out var counts) || _channels.TryGetValue(channel[..(channel.IndexOf(':') + 1)], out counts) ? counts : null;

    public IReadOnlyDictionary<string, ChannelReport> Report() =>
        _channels.OrderBy(c => c.Key, StringComparer.Ordinal).ToDictionary(c => c.Key, c => c.Value.Report(), StringComparer.Ordinal);

    public void Clear()
    {
        _channels.Clear();
        Publications = [];
    }
}

/// <summary>What one channel counts. Published by the publisher's thread alone; drops by either.</summary>
internal sealed class ChannelCounts(Publication publication)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, long> _dropped = new(StringComparer.Ordinal);

    public long Published;

    public Publication Publication { get; } = publication;

    public void Drop(string reason, long count = 1)
    {
        lock (_gate)
        {
            _dropped[reason] = _dropped.GetValueOrDefault(reason) + count;
        }
    }

    public ChannelReport Report()
    {
        lock (_gate)
        {
            return new ChannelReport(Publication.Endpoint, Volatile.Read(ref Published), new SortedDictionary<string, long>(_dropped, StringComparer.Ordinal));
        }
    }
}
