using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Hosting;

/// <summary>
/// Server-sent events: snapshots, then changes, of the topics that a client names. What a tick computes is computed once for all clients;
/// one that does not read is cut off, so that it is never a burden to the run or to the others.
/// </summary>
internal sealed class StreamHub : IAsyncDisposable
{
    // A page takes its numbers for old when it has heard nothing for 5 seconds.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, TopicFeed> _feeds = new(StringComparer.Ordinal);
    private readonly HashSet<StreamClient> _clients = [];
    private readonly CancellationTokenSource _end = new();
    private readonly HostOptions _options;
    private readonly TimeProvider _clock;
    private readonly LiveRun _run;
    private readonly Thread _thread;
    private bool _isClosed;

    public StreamHub(LiveRun run, IReadOnlyList<ITopic> topics, HostOptions options)
    {
        (_options, _clock, _run) = (options, run.Clock, run);
        foreach (var topic in topics)
        {
            _feeds.Add(topic.Name, new TopicFeed(topic));
        }

        _thread = new Thread(Tick) { IsBackground = true, Name = "qt/stream" };
        _thread.Start();
    }

    /// <summary>Names of everything that can be followed.</summary>
    public IReadOnlyCollection<string> Topics => _feeds.Keys;

    /// <summary>Streams that are open.</summary>
    public int Open { get { lock (_gate) { return _clients.Count; } } }

    /// <summary>Clients that were cut off because they did not read.</summary>
    public long CutOff { get; private set; }

    /// <summary>Updates that failed, because a topic could not be read.</summary>
    public long Failed { get; private set; }

    /// <summary>Serves one client until it goes.</summary>
    public async Task<IResult> ServeAsync(HttpContext context, string? topics)
    {
        var names = (topics ?? "flow").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).ToList();
        if (names.Find(n => !_feeds.ContainsKey(n)) is { } unknown)
        {
            return TypedResults.Problem($"There is no topic '{unknown}'; there are {string.Join(", ", _feeds.Keys)}.", statusCode: StatusCodes.Status400BadRequest);
        }

        var client = new StreamClient(context, _options.WaitingUpdates + names.Count);
        context.Response.Headers.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        if (!TryJoin(client, names))
        {
            context.Response.Headers.RetryAfter = "5";
            return TypedResults.Problem($"{_options.Streams} streams are open, which is the limit (host.streams). Close one, or raise it.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        try
        {
            await client.SendAsync().ConfigureAwait(false);
        }
        finally
        {
            Remove(client);
        }

        return TypedResults.Empty;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            foreach (var client in _clients)
            {
                client.Complete();
            }
        }

        await _end.CancelAsync().ConfigureAwait(false);
        _thread.Join();
        _end.Dispose();
    }

    private bool TryJoin(StreamClient client, List<string> names)
    {
        lock (_gate)
        {
            if (_isClosed || _clients.Count >= _options.Streams)
            {
                return false;
            }

            _clients.Add(client);
            client.Offer("retry: 1000\n\n"u8.ToArray());
            names.ForEach(n => _feeds[n].Join(client));
            return true;
        }
    }

    private void Remove(StreamClient client)
    {
        lock (_gate)
        {
            if (_clients.Remove(client))
            {
                foreach (var feed in _feeds.Values)
                {
                    feed.Leave(client);
                }
            }
        }
    }

    // A thread of its own, so that it can stand behind those of the run: who watches must not slow down what is watched.
    private void Tick()
    {
        ThreadRanks.Lower(ThreadRank.Behind);
        var pause = TimeSpan.FromSeconds(1.0 / _options.UpdatesPerSecond);
        var beat = _clock.GetTimestamp();
        while (!_end.Token.WaitHandle.WaitOne(pause))
        {
            // Also when nobody watches: who comes then sees rates at once.
            _run.Watch.Now();
            var isBeat = _clock.GetElapsedTime(beat) >= Heartbeat;
            beat = isBeat ? _clock.GetTimestamp() : beat;
            Update(isBeat);
        }
    }

    private void Update(bool isBeat)
    {
        lock (_gate)
        {
            foreach (var feed in _feeds.Values)
            {
                try
                {
                    feed.Update();
                }
                catch (Exception)
                {
                    // The others go on, and so does this one with its next update.
                    Failed++;
                }
            }

            // All at once, so that a client gets them in one piece.
            foreach (var feed in _feeds.Values)
            {
                feed.Send();
            }

            foreach (var client in isBeat ? _clients : [])
            {
                client.Offer(": still here\n\n"u8.ToArray());
            }

            foreach (var client in _clients.Where(c => c.IsCut).ToList())
            {
                CutOff++;
                Remove(client);
            }
        }
    }
}
