using System.Globalization;

namespace QuantumTrader.Storage;

/// <summary>
/// The segments of a folder in the order in which they were written. Whoever changes the list holds the journal's lock; readers take the
/// list as it is.
/// </summary>
internal sealed class SegmentFiles(string folder, JournalFindings findings)
{
    private volatile Segment[] _all = [];
    private long _nextNumber = 1;

    public Segment[] All => _all;

    /// <summary>The one that is written; null while there is none.</summary>
    public Segment? Active { get; private set; }

    /// <summary>Those that are no longer written.</summary>
    public IEnumerable<Segment> Full => _all.Where(s => s != Active);

    /// <summary>Bytes of all.</summary>
    public long Bytes => _all.Sum(s => s.Bytes);

    /// <summary>Place in the journal of the record that would come next, as the files said when they were looked at.</summary>
    public long NextOrdinal { get; private set; } = 1;

    /// <summary>Looks for what is new in the folder.</summary>
    public void Load()
    {
        var known = _all.ToDictionary(s => s.Path);
        var loaded = new List<Segment>();
        foreach (var path in Paths())
        {
            if (known.TryGetValue(path, out var segment) && (segment.IsSealed || !IsReplaced(segment)))
            {
                segment.Refresh();
                loaded.Add(segment);
                continue;
            }

            segment = Segment.TryOpen(path, out var problem);
            if (segment is not null)
            {
                loaded.Add(segment);
            }
            else
            {
                findings.Add($"{path} cannot be read: {problem}. Its events are missing; restore it from a backup, or move it away.");
            }

            _nextNumber = Math.Max(_nextNumber, long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number + 1 : 1);
        }

        // A merge that was cut short leaves segments whose records are in the one before too.
        _all = [.. loaded.Where((s, i) => i == 0 || s.NextOrdinal > loaded.Take(i).Max(l => l.NextOrdinal) || s.NextOrdinal == s.Header.FirstOrdinal)];
        NextOrdinal = loaded.Select(s => s.NextOrdinal).DefaultIfEmpty(1).Max();
    }

    /// <summary>Adds what is known to be lost to the findings.</summary>
    public void ReportGaps()
    {
        foreach (var gap in _all.SelectMany(s => s.Gaps))
        {
            findings.Add(gap.Reason + " What is whole around it is used; restore the segment from a backup to get the rest.");
        }
    }

    /// <summary>Removes what a writer that was cut off left: half-written files, merged ones, torn tails. For the next writer only.</summary>
    public void Recover()
    {
        foreach (var left in Directory.GetFiles(folder, "*.tmp"))
        {
            File.Delete(left);
        }

        foreach (var path in Paths().Except(_all.Select(s => s.Path)).Where(p => Segment.TryOpen(p, out _) is { } s && s.NextOrdinal <= NextOrdinal))
        {
            File.Delete(path);
        }

        ReportGaps();
        foreach (var segment in _all.Where(s => !s.IsSealed && s.Bytes > s.End))
        {
            Truncate(segment);
        }
    }

    /// <summary>Begins the next segment to be written.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public ActiveSegment Begin(long firstOrdinal, long bytes)
    {
        var path = Path.Combine(folder, _nextNumber.ToString("D10", CultureInfo.InvariantCulture) + ".qtj");
        var begun = ActiveSegment.Create(path, new SegmentHeader { Number = _nextNumber, FirstOrdinal = firstOrdinal }, bytes);
        _nextNumber++;
        Active = begun.Segment;
        _all = [.. _all, Active];
        return begun;
    }

    /// <summary>Nothing more is written to the one that was.</summary>
    public void End() => Active = null;

    /// <summary>
    /// Puts a file in the place of segments that follow each other. A query may still read the old ones: their handles close when nobody
    /// holds them any more.
    /// </summary>
    public void Replace(IReadOnlyList<Segment> segments, string file)
    {
        var target = segments[0].Path;
        File.Move(file, target, overwrite: true);
        var whole = Segment.TryOpen(target, out var problem) ?? throw new IOException(problem);
        _all = [.. _all.Select(s => s == segments[0] ? whole : s).Except(segments.Skip(1))];
        foreach (var merged in segments.Skip(1))
        {
            File.Delete(merged.Path);
        }
    }

    /// <summary>Removes what is older than the retention, and the oldest while all are too large together.</summary>
    public void Retain(JournalOptions options)
    {
        var newest = _all.Select(s => s.MaxTime).DefaultIfEmpty(long.MinValue).Max();
        var oldest = options.RetentionDays > 0 && newest > long.MinValue ? newest - (long)(options.RetentionDays * 86_400e9) : long.MinValue;
        var bytes = Bytes;
        var kept = new List<Segment>();
        foreach (var segment in _all)
        {
            var isOver = options.MaxBytes > 0 && bytes > options.MaxBytes;
            if (segment != Active && segment.NextOrdinal > segment.Header.FirstOrdinal && (isOver || segment.MaxTime < oldest))
            {
                bytes -= segment.Bytes;
                File.Delete(segment.Path);
            }
            else
            {
                kept.Add(segment);
            }
        }

        _all = [.. kept];
    }

    private IEnumerable<string> Paths() => Directory.GetFiles(folder, "*.qtj").Order(StringComparer.Ordinal);

    // Sealing puts another file under the same name.
    private static bool IsReplaced(Segment segment)
    {
        using var now = File.OpenHandle(segment.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[SegmentHeader.Bytes];
        return RandomAccess.Read(now, bytes, 0) < bytes.Length || SegmentHeader.TryRead(bytes, out var header) is not null || header.IndexOffset != segment.Header.IndexOffset;
    }

    private void Truncate(Segment segment)
    {
        using var file = File.OpenHandle(segment.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var window = new FileWindow(file);
        var torn = false;
        for (var at = segment.End; at < segment.Bytes && !torn; at += 65_536)
        {
            torn = window.Get(at, 65_536).ContainsAnyExcept((byte)0);
        }

        if (torn)
        {
            findings.Add($"{Path.GetFileName(segment.Path)}: the last {segment.Bytes - segment.End} bytes were never finished, because the writer was cut off; they were removed.");
        }

        RandomAccess.SetLength(file, segment.End);
    }
}
