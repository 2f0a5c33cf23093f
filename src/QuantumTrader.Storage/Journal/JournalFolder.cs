
namespace QuantumTrader.Storage;

/// <summary>What <see cref="JournalFolder.Verify"/> found.</summary>
/// <param name="Segments">Files.</param>
/// <param name="Sealed">Those of them that are compressed.</param>
/// <param name="Events">Events that are whole.</param>
/// <param name="Bytes">Bytes of the files.</param>
/// <param name="RawBytes">Bytes of the events without compression.</param>
/// <param name="Findings">What is damaged; none when all is good.</param>
public sealed record JournalVerification(int Segments, int Sealed, long Events, long Bytes, long RawBytes, IReadOnlyList<string> Findings);

/// <summary>What can be done with a whole journal while no run writes it, or beside one that does.</summary>
public static class JournalFolder
{
    /// <summary>Reads every byte and checks it. A journal may be written meanwhile.</summary>
    /// <exception cref="StoreException">There is no journal.</exception>
    public static JournalVerification Verify(string folder, Action<double>? progress = null)
    {
        using var journal = Journal.OpenToRead(folder, new JournalOptions());
        var findings = new List<string>(journal.Findings);
        var blocks = new BlockReader();
        var (events, raw, done) = (0L, 0L, 0);
        foreach (var segment in journal.Segments)
        {
            foreach (var extent in segment.Extents)
            {
                var (damaged, count) = (blocks.Damaged, 0L);
                blocks.Open(segment, in extent);
                while (blocks.Next(out var header))
                {
                    count += header.Count;
                    raw += header.RawBytes;
                }

                events += count;
                if (blocks.Damaged > damaged)
                {
                    findings.Add($"{Path.GetFileName(segment.Path)}: {extent.Count - count} events in {extent.Length} bytes at {extent.Offset} are damaged.");
                }
            }

            if (segment.DamagedBooks is > 0 and var books)
            {
                findings.Add($"{Path.GetFileName(segment.Path)}: {books} book checkpoints are damaged. No event is lost; 'qt at' replays from an earlier one.");
            }

            progress?.Invoke(++done / (double)journal.Segments.Length);
        }

        return new JournalVerification(journal.Segments.Length, journal.Segments.Count(s => s.IsSealed), events, journal.Bytes, raw, findings);
    }

    /// <summary>Compresses what is not, joins small segments, and removes what is beyond the retention.</summary>
    /// <returns>What could not be compressed and stays as it is, in words; none when all is done.</returns>
    /// <exception cref="StoreException">Another process writes the journal.</exception>
    public static IReadOnlyList<string> Compact(string folder, JournalOptions options, TimeProvider clock, Action<double>? progress = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new StoreException($"There is no journal in '{folder}'. Correct the path.");
        }

        // Nothing in the background: what is done here is done in view.
        using var journal = Journal.Open(folder, options with { Compress = false }, clock);
        return journal.Compact(progress);
    }

    /// <summary>
    /// Copies a journal to another folder: everything that was appended before the call, and no half of anything, though it is written
    /// meanwhile.
    /// </summary>
    /// <returns>Segments copied.</returns>
    /// <exception cref="StoreException">There is no journal, the target is not empty, or it cannot be written.</exception>
    public static int Backup(string folder, string target, Action<double>? progress = null)
    {
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
        {
            throw new StoreException($"The folder '{target}' is not empty. Name one that is empty or not there yet.");
        }

        using var journal = Journal.OpenToRead(folder, new JournalOptions());
        try
        {
            Directory.CreateDirectory(target);
            var done = 0;
            foreach (var segment in journal.Segments)
            {
                Copy(segment, Path.Combine(target, Path.GetFileName(segment.Path)));
                progress?.Invoke(++done / (double)journal.Segments.Length);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The backup in '{target}' is not complete: {e.Message}", e);
        }

        return journal.Segments.Length;
    }

    /// <summary>Puts a backup into a folder that holds no journal, and checks it there.</summary>
    /// <exception cref="StoreException">The backup is damaged or not there, or the folder holds a journal already.</exception>
    public static JournalVerification Restore(string backup, string folder, Action<double>? progress = null)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.qtj").Any())
        {
            throw new StoreException($"'{folder}' holds a journal already; a backup is restored into an empty folder. Move that journal away first.");
        }

        var found = Verify(backup);
        if (found.Findings.Count > 0)
        {
            throw new StoreException($"The backup '{backup}' is damaged: {found.Findings[0]} Use another one; 'qt store verify' names all damage.");
        }

        if (Directory.Exists(folder) && JournalLock.Holder(Path.Combine(folder, "writer.lock")) is { } holder)
        {
            throw new StoreException($"The journal '{folder}' is being written by process {holder}. Stop it first.");
        }

        foreach (var left in Directory.Exists(folder) ? Directory.GetFiles(folder, "writer.*") : [])
        {
            File.Delete(left);
        }

        Backup(backup, folder, progress);
        return Verify(folder);
    }

    /// <summary>The symbols that a journal has events of, by name.</summary>
    /// <exception cref="StoreException">There is no journal.</exception>
    public static IReadOnlyList<string> Symbols(string folder)
    {
        using var journal = Journal.OpenToRead(folder, new JournalOptions());
        return [.. journal.Segments.SelectMany(s => s.Names.Streams).Select(s => s.Symbol).Where(s => s.Length > 0).Distinct().Order(StringComparer.Ordinal)];
    }

    // The end of the last whole block: what the writer appends now, or a file that takes this one's place, changes nothing of it.
    private static void Copy(Segment segment, string target)
    {
        using var file = File.OpenHandle(target, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        var buffer = new byte[1 << 20];
        for (var at = 0L; at < segment.End;)
        {
            var read = RandomAccess.Read(segment.File, buffer.AsSpan(0, (int)Math.Min(buffer.Length, segment.End - at)), at);
            if (read == 0)
            {
                throw new IOException($"{segment.Path} ends too early.");
            }

            RandomAccess.Write(file, buffer.AsSpan(0, read), at);
            at += read;
        }

        RandomAccess.FlushToDisk(file);
    }
}
