using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout.Gates;

namespace QuantumTrader.Rollout.Journal;

/// <summary>What a line of the journal tells.</summary>
public enum JournalKind
{
    /// <summary>A run began.</summary>
    Began,

    /// <summary>A run ended as it should; without it the next one knows that the process died.</summary>
    Stopped,

    /// <summary>The process before had died.</summary>
    Crashed,

    /// <summary>A phase changed.</summary>
    Change,

    /// <summary>A switch was changed; the reason holds its old and its new value.</summary>
    Switch,
}

/// <summary>The state of a phase as it is written down.</summary>
public sealed record SavedState(PhaseStage Stage, int BasisPoints, int Step, bool Held, bool Open, int Openings)
{
    internal static SavedState Of(PhaseState state) => new(state.Stage, state.Share.BasisPoints, state.Step, state.IsHeld, state.IsOpen, state.Openings);

    internal PhaseState ToState(long generation) => new(Stage, new Share(BasisPoints), Step, generation) { IsHeld = Held, IsOpen = Open, Openings = Openings };
}

/// <summary>A line of the journal.</summary>
public sealed record JournalEntry
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Its number, from 1.</summary>
    public long Seq { get; init; }

    /// <summary>When it was written, UTC.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>What it tells.</summary>
    public JournalKind Kind { get; init; }

    /// <summary>Who: <c>auto</c>, <c>cli</c>, <c>api</c>.</summary>
    public string Actor { get; init; } = "auto";

    /// <summary>The phase that changed.</summary>
    public string? Phase { get; init; }

    /// <summary>What it was.</summary>
    public SavedState? From { get; init; }

    /// <summary>What it is.</summary>
    public SavedState? To { get; init; }

    /// <summary>Number of the change.</summary>
    public long Generation { get; init; }

    /// <summary>Event time of the change, ns UTC; between runs the last one that is known, 0 when none is.</summary>
    public long EventTime { get; init; }

    /// <summary>Why.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What the gates of the step that ended said.</summary>
    public IReadOnlyList<GateReading>? Evidence { get; init; }

    /// <summary>Hash of candidate, comparison and salt: another one begins again in the shadow.</summary>
    public string? Candidate { get; init; }

    /// <summary>Hash of steps, gates and limits: another one is held.</summary>
    public string? Ramp { get; init; }

    /// <summary>The block that answers when the candidate does not; none for an effect.</summary>
    public string? Baseline { get; init; }

    /// <summary>SHA-256 of the line before.</summary>
    public string Previous { get; init; } = "";

    internal string ToLine() => JsonSerializer.Serialize(this, Json);

    internal static JournalEntry? Read(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize<JournalEntry>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static string HashOf(ReadOnlySpan<byte> line) => Convert.ToHexStringLower(SHA256.HashData(line));

    /// <summary>What makes a candidate another one.</summary>
    internal static string CandidateHash(PhaseOptions phase) => Fingerprint(new { phase.Candidate, phase.Compare, phase.Route.Salt, phase.Route.Unit });

    /// <summary>What somebody has to look at again when it changes.</summary>
    internal static string RampHash(PhaseOptions phase) => Fingerprint(new { phase.Steps, phase.Gates, phase.Breaker, phase.Route.Include, phase.Route.Exclude, phase.Serve });

    private static string Fingerprint<T>(T value) => HashOf(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(value, Json)))[..16];
}
