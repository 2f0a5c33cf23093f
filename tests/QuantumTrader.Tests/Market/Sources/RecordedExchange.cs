using System.Globalization;
using System.Text.Json;

namespace QuantumTrader.Tests.Market.Sources;

/// <summary>
/// The day of a recording as the exchange had it: sends what the recording holds one message after the other, whether anybody listens or not,
/// and keeps the book, in the plainest way, so that it can be asked for at any moment.
/// </summary>
internal sealed class RecordedExchange
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string>[] _sides = [[], []];
    private readonly ExchangeServer _server;
    private readonly Queue<string> _messages;
    private long _lastUpdateId;

    public RecordedExchange(ExchangeServer server, IReadOnlyList<string> lines)
    {
        _server = server;
        Lines = lines;
        var json = lines.Select(l => l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..]).ToList();
        using var snapshot = JsonDocument.Parse(json.Single(m => !m.StartsWith("{\"stream\"", StringComparison.Ordinal)));
        _lastUpdateId = snapshot.RootElement.GetProperty("lastUpdateId").GetInt64();
        Apply(snapshot.RootElement.GetProperty("bids"), snapshot.RootElement.GetProperty("asks"));
        _messages = new Queue<string>(json.Where(m => m.StartsWith("{\"stream\"", StringComparison.Ordinal)));
        server.Book = () => ("200 OK", Snapshot());
    }

    public IReadOnlyList<string> Lines { get; }

    public int Left => _messages.Count;

    /// <summary>Sends the next messages; those for which <paramref name="loses"/> is true happen all the same, but nobody is told.</summary>
    public void Play(int count, Func<string, bool>? loses = null)
    {
        for (; count > 0 && _messages.TryDequeue(out var message); count--)
        {
            Happen(message);
            if (loses?.Invoke(message) != true)
            {
                _server.Send(message);
            }
        }
    }

    /// <summary>The next message happens, but is given to the caller to be sent.</summary>
    public string Take()
    {
        var message = _messages.Dequeue();
        Happen(message);
        return message;
    }

    public static bool IsDepth(string message) => message.Contains("@depth", StringComparison.Ordinal);

    public string Snapshot()
    {
        lock (_gate)
        {
            return $$"""{"lastUpdateId":{{_lastUpdateId}},"bids":[{{Levels(_sides[0])}}],"asks":[{{Levels(_sides[1])}}]}""";
        }

        static string Levels(Dictionary<string, string> side) => string.Join(',', side.Select(l => $"[\"{l.Key}\",\"{l.Value}\"]"));
    }

    private void Happen(string message)
    {
        if (!IsDepth(message))
        {
            return;
        }

        using var document = JsonDocument.Parse(message);
        var data = document.RootElement.GetProperty("data");
        lock (_gate)
        {
            var last = data.GetProperty("u").GetInt64();
            if (last > _lastUpdateId)
            {
                _lastUpdateId = last;
                Apply(data.GetProperty("b"), data.GetProperty("a"));
            }
        }
    }

    private void Apply(JsonElement bids, JsonElement asks)
    {
        foreach (var (side, changes) in new[] { (_sides[0], bids), (_sides[1], asks) })
        {
            foreach (var change in changes.EnumerateArray())
            {
                var (price, quantity) = (change[0].GetString()!, change[1].GetString()!);
                if (decimal.Parse(quantity, CultureInfo.InvariantCulture) == 0)
                {
                    side.Remove(price);
                }
                else
                {
                    side[price] = quantity;
                }
            }
        }
    }
}
