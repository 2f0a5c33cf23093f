using System.Text.Json;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Journal;

/// <summary>What the steps had summed up at one moment, the event time, ns UTC, and the end of the journal then.</summary>
internal sealed record StateSnapshot(long Seq, string Head, IReadOnlyDictionary<string, StepSums> Sums, long EventTime);

/// <summary>
/// The folder that keeps a rollout between runs: the journal, which is the truth, and a snapshot of what the steps have summed up. One
/// process at a time writes it.
/// </summary>
internal sealed class StateFolder : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly string _folder;
    private readonly FileStream _lock;
    private JournalFile _journal;

    private StateFolder(string folder, FileStream @lock, JournalReading reading, TimeProvider clock)
    {
        (_folder, _lock) = (folder, @lock);
        _journal = new JournalFile(JournalPath(folder), reading, clock);
    }

    /// <summary>Opens the folder for writing, and says what it holds. A journal that cannot be believed is put aside.</summary>
    /// <exception cref="ConfigurationException">Another process has it, or it cannot be written.</exception>
    public static (StateFolder Folder, Recovered State) Open(string folder, TimeProvider clock)
    {
        FileStream? @lock = null;
        try
        {
            Directory.CreateDirectory(folder);
            @lock = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var state = Look(folder);
            if (state.Damage is not null && File.Exists(JournalPath(folder)))
            {
                var aside = 1;
                for (; File.Exists(JournalPath(folder) + $".damaged-{aside}"); aside++)
                {
                }

                File.Move(JournalPath(folder), JournalPath(folder) + $".damaged-{aside}");
            }

            return (new StateFolder(folder, @lock, JournalFile.Read(JournalPath(folder)), clock), state);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var isHeld = @lock is null && File.Exists(Path.Combine(folder, "lock"));
            @lock?.Dispose();
            throw new ConfigurationException("state.path", isHeld
                ? $"'{folder}' is held by another process that runs this rollout. Stop it, or ask it."
                : $"'{folder}' cannot be written: {e.Message} Name a folder that can.")
            { Outside = true };
        }
    }

    /// <summary>What the folder holds; anybody may look.</summary>
    public static Recovered Look(string folder)
    {
        // The snapshot first: whoever writes meanwhile may make the journal longer than it knows, never shorter.
        var (snapshot, unreadable) = ReadSnapshot(folder);
        var reading = JournalFile.Read(JournalPath(folder));
        // A line is on the disk before a snapshot names it: lines that a snapshot knows and the journal does not were lost.
        var damage = reading.Damage ?? (snapshot is not null && (snapshot.Seq > reading.Entries.Count || (snapshot.Seq == reading.Entries.Count && snapshot.Head != reading.Head))
            ? $"'{JournalPath(folder)}' has lost lines: it ends at {reading.Entries.Count}, and its snapshot knows {snapshot.Seq}"
            : unreadable && reading.Entries.Count == 0 ? $"'{SnapshotPath(folder)}' cannot be read" : null);
        var eventTime = reading.Entries.Select(e => e.EventTime).Append(snapshot?.EventTime ?? 0).Max();
        return new Recovered(reading.Entries, snapshot?.Sums ?? new Dictionary<string, StepSums>(), eventTime, damage);
    }

    /// <summary>Writes a line of the journal.</summary>
    public void Append(JournalEntry entry) => _journal.Append(entry);

    /// <summary>Replaces the snapshot, at once or not at all.</summary>
    public void Save(IReadOnlyDictionary<string, StepSums> sums, long eventTime)
    {
        var (seq, head) = _journal.End;
        var temporary = SnapshotPath(_folder) + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, new StateSnapshot(seq, head, sums, eventTime), Json);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, SnapshotPath(_folder), overwrite: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _journal.Dispose();
        _lock.Dispose();
    }

    private static string JournalPath(string folder) => Path.Combine(folder, "journal.jsonl");

    private static string SnapshotPath(string folder) => Path.Combine(folder, "state.json");

    private static (StateSnapshot? Snapshot, bool IsUnreadable) ReadSnapshot(string folder)
    {
        try
        {
            return File.Exists(SnapshotPath(folder)) ? (JsonSerializer.Deserialize<StateSnapshot>(File.ReadAllBytes(SnapshotPath(folder)), Json), false) : (null, false);
        }
        catch (JsonException)
        {
            return (null, true);
        }
    }
}
