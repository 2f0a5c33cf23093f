using System.Text.Json;

namespace QuantumTrader.App.Alerting;

/// <summary>What outlives a run: what fired when, and what is not delivered yet.</summary>
internal sealed record AlertState
{
    /// <summary>Number of the newest alert.</summary>
    public long LastId { get; init; }

    /// <summary>When a rule fired last, by rule and subject.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Fired { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>What fired, oldest first.</summary>
    public IReadOnlyList<RaisedAlert> History { get; init; } = [];

    /// <summary>What waits to be delivered, by channel, oldest first.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<RaisedAlert>> Waiting { get; init; } = new Dictionary<string, IReadOnlyList<RaisedAlert>>();

    /// <summary>Reads a file; a new state when there is none. One that cannot be read is set aside, which is said.</summary>
    public static (AlertState State, string? Damage) Read(string file)
    {
        if (!File.Exists(file))
        {
            return (new AlertState(), null);
        }

        try
        {
            return (Json.Deserialize<AlertState>(File.ReadAllText(file)) ?? throw new JsonException("it is empty"), null);
        }
        catch (JsonException e)
        {
            var aside = file + ".broken";
            File.Move(file, aside, overwrite: true);
            return (new AlertState(), $"The state of the alerts in '{file}' could not be read ({e.Message}). It was moved to '{aside}', and alerts begin anew: some may come twice.");
        }
    }

    /// <summary>Writes the file so that at any moment it is whole, the old or the new.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var next = file + ".next";
        using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(stream, this, Json.Sent);
            stream.Flush(flushToDisk: true);
        }

        File.Move(next, file, overwrite: true);
    }
}
