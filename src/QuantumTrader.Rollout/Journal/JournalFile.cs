using System.Text;

namespace QuantumTrader.Rollout.Journal;

/// <summary>What a journal says.</summary>
/// <param name="Entries">Its lines.</param>
/// <param name="Length">Bytes of whole lines; behind them is the beginning of one that was never finished.</param>
/// <param name="Head">Hash of the last line.</param>
/// <param name="Damage">Why it cannot be believed; null when it can.</param>
internal sealed record JournalReading(IReadOnlyList<JournalEntry> Entries, long Length, string Head, string? Damage);

/// <summary>
/// A file of lines, each of which names the hash of the one before and is on the disk before the next is written. A line that was cut off
/// was never there; a line that does not fit its neighbour damages the whole.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    private static readonly string NoLine = new('0', 64);

    private readonly FileStream _file;
    private readonly TimeProvider _clock;
    private long _length;
    private long _seq;
    private string _head;

    /// <summary>Opens a journal behind its last whole line.</summary>
    public JournalFile(string path, JournalReading reading, TimeProvider clock)
    {
        _clock = clock;
        (_length, _seq, _head) = (reading.Length, reading.Entries.Count, reading.Head);
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Number and hash of the last line.</summary>
    public (long Seq, string Head) End => (_seq, _head);

    /// <summary>Reads a journal; one that is not there is empty.</summary>
    public static JournalReading Read(string path)
    {
        byte[] bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        var (entries, at, head) = (new List<JournalEntry>(), 0, NoLine);
        for (int end; (end = Array.IndexOf(bytes, (byte)'\n', at)) >= 0; at = end + 1)
        {
            var line = bytes.AsSpan(at, end - at);
            if (JournalEntry.Read(line) is not { } entry || entry.Seq != entries.Count + 1 || entry.Previous != head)
            {
                return new JournalReading(entries, at, head, $"line {entries.Count + 1} of '{path}' is damaged or does not follow the one before");
            }

            entries.Add(entry);
            head = JournalEntry.HashOf(line);
        }

        return new JournalReading(entries, at, head, null);
    }

    /// <summary>Writes a line, and returns when it is on the disk. A line that could not be written is overwritten by the next.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Append(JournalEntry entry)
    {
        var line = Encoding.UTF8.GetBytes((entry with { Seq = _seq + 1, Time = _clock.GetUtcNow(), Previous = _head }).ToLine() + "\n");
        _file.SetLength(_length);
        _file.Position = _length;
        _file.Write(line);
        _file.Flush(flushToDisk: true);
        (_length, _seq, _head) = (_length + line.Length, _seq + 1, JournalEntry.HashOf(line.AsSpan(0, line.Length - 1)));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
