namespace QuantumTrader.Dataflow;

/// <summary>A remark of a block about its run.</summary>
/// <param name="Block">The block's name.</param>
/// <param name="Code">Stable name of the kind of remark.</param>
/// <param name="Message">What was found and what follows from it.</param>
public sealed record RunNote(string Block, string Code, string Message);

/// <summary>How often a block made a remark, and how it read the last time.</summary>
/// <param name="Count">How often.</param>
/// <param name="Latest">The last one.</param>
public sealed record NoteTally(long Count, RunNote Latest);

/// <summary>An event or input line that was refused, with the reason.</summary>
/// <param name="Block">The block that refused it.</param>
/// <param name="Reason">From a short fixed list per block.</param>
/// <param name="Sequence">The event's sequence; -1 when it never became an event.</param>
/// <param name="Detail">The event or line as text, cut to 200 characters.</param>
public sealed record DeadLetter(string Block, string Reason, long Sequence, string Detail);

/// <summary>
/// What one block counted: drops by reason, errors by reason, notes, dead letters. Written by the thread that runs the block and read
/// by anyone. Every list in it is bounded; what does not fit is counted.
/// </summary>
public sealed class Accounts(string block)
{
    /// <summary>Distinct reasons per block; further ones are counted as "other".</summary>
    public const int MaxReasons = 32;

    /// <summary>Samples kept per block of dead letters, and of notes per code.</summary>
    public const int MaxSamples = 20;

    private readonly Lock _gate = new();
    private readonly List<DeadLetter> _deadLetters = [];
    private readonly List<RunNote> _notes = [];
    private readonly SortedDictionary<string, long> _noteCounts = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, RunNote> _latestNotes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private long _droppedTotal;

    /// <summary>The block's name.</summary>
    public string Block { get; } = block;

    /// <summary>Events dropped for all reasons (refused ones included).</summary>
    public long DroppedTotal => Volatile.Read(ref _droppedTotal);

    /// <summary>Counts an event that is dropped in good order, such as a repeat.</summary>
    public void Drop(string reason, long count = 1)
    {
        lock (_gate)
        {
            Increment(_dropped, reason, count);
            _droppedTotal += count;
        }
    }

    /// <summary>Counts an event or input line that is refused because it is bad, and keeps a sample as dead letter.</summary>
    public void Reject(string reason, long sequence, string detail)
    {
        lock (_gate)
        {
            Increment(_dropped, reason, 1);
            _droppedTotal++;
        }

        KeepDeadLetter(reason, sequence, detail);
    }

    /// <summary>Keeps a sample of an event that a block threw at.</summary>
    internal void KeepDeadLetter(string reason, long sequence, string detail)
    {
        lock (_gate)
        {
            if (_deadLetters.Count < MaxSamples)
            {
                _deadLetters.Add(new DeadLetter(Block, reason, sequence, detail.Length <= 200 ? detail : detail[..200]));
            }
        }
    }

    /// <summary>Counts an exception of the block.</summary>
    public void Error(string reason)
    {
        lock (_gate)
        {
            Increment(_errors, reason, 1);
        }
    }

    /// <summary>Adds a remark; see <see cref="Dataflow.Block.Note"/>.</summary>
    public void Note(string code, string message)
    {
        lock (_gate)
        {
            var counted = Increment(_noteCounts, code, 1);
            var note = new RunNote(Block, code, message);
            _latestNotes[counted] = note;
            if (_noteCounts.TryGetValue(code, out var n) && n <= MaxSamples)
            {
                _notes.Add(note);
            }
        }
    }

    /// <summary>Drops by reason, in the order of their names.</summary>
    public IReadOnlyDictionary<string, long> Dropped { get { lock (_gate) { return new SortedDictionary<string, long>(_dropped, StringComparer.Ordinal); } } }

    /// <summary>Exceptions by reason, in the order of their names.</summary>
    public IReadOnlyDictionary<string, long> Errors { get { lock (_gate) { return new SortedDictionary<string, long>(_errors, StringComparer.Ordinal); } } }

    /// <summary>The kept dead letters, oldest first.</summary>
    public IReadOnlyList<DeadLetter> DeadLetters { get { lock (_gate) { return [.. _deadLetters]; } } }

    /// <summary>The kept remarks, oldest first.</summary>
    public IReadOnlyList<RunNote> Notes { get { lock (_gate) { return [.. _notes]; } } }

    /// <summary>How often each code was remarked, kept or not.</summary>
    public IReadOnlyDictionary<string, long> NoteCounts { get { lock (_gate) { return new SortedDictionary<string, long>(_noteCounts, StringComparer.Ordinal); } } }

    /// <summary>Each code that was remarked, in the order of their names.</summary>
    public IReadOnlyList<NoteTally> NoteTallies { get { lock (_gate) { return [.. _latestNotes.Select(n => new NoteTally(_noteCounts[n.Key], n.Value))]; } } }

    private static string Increment(SortedDictionary<string, long> counts, string reason, long by)
    {
        if (!counts.ContainsKey(reason) && counts.Count >= MaxReasons)
        {
            reason = "other";
        }

        counts[reason] = counts.GetValueOrDefault(reason) + by;
        return reason;
    }
}
