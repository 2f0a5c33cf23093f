namespace QuantumTrader.Market;

/// <summary>What the normalizer saw come in, by kind, and what it met.</summary>
public sealed record NormalizeReport
{
    /// <summary>Trades, edits included.</summary>
    public required long Trades { get; init; }

    /// <summary>Quotes.</summary>
    public required long Quotes { get; init; }

    /// <summary>Headers of book updates.</summary>
    public required long BookUpdates { get; init; }

    /// <summary>Headers of full books.</summary>
    public required long BookSnapshots { get; init; }

    /// <summary>Levels of both.</summary>
    public required long Levels { get; init; }

    /// <summary>Mark prices.</summary>
    public required long MarkPrices { get; init; }

    /// <summary>States.</summary>
    public required long States { get; init; }

    /// <summary>Clock events.</summary>
    public required long Clocks { get; init; }

    /// <summary>Quotes whose bid is above their ask.</summary>
    public required long Crossed { get; init; }

    /// <summary>Quotes whose bid equals their ask.</summary>
    public required long Locked { get; init; }

    /// <summary>Events and messages that were sorted in before an earlier one.</summary>
    public required long Reordered { get; init; }

    /// <summary>Edits, applied here or passed on.</summary>
    public required long Edits { get; init; }

    /// <summary>Events and messages older than what went on already.</summary>
    public required long Late { get; init; }

    /// <summary>Book messages that were too late for their place and went on behind what had overtaken them.</summary>
    public required long Delayed { get; init; }

    /// <summary>Trades whose number was seen before.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Intervals of trade numbers that had to be forgotten.</summary>
    public required long ForgottenNumbers { get; init; }
}
