using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace QuantumTrader.Storage;

/// <summary>
/// A folder of segments: one is written, the others are only read. What <see cref="Write"/> has taken is there for every reader and
/// survives the end of the process; when it survives the end of the machine is the fsync policy's business.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int MostFindings = 100;

    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly JournalOptions _options;
    private readonly FsyncPolicy _fsync;
    private readonly JournalLock? _lock;
    private readonly ITimer? _timer;
    private readonly List<string> _findings = [];
    private readonly SegmentNames _names = new();
    private volatile Segment[] _segments = [];
    private Segment? _active;
    private SafeFileHandle? _file;
    private long _position;
    private int _writtenNames;
    private bool _isDirty;
    private bool _timerRuns;
    private Task _sealing = Task.CompletedTask;
    private long _nextOrdinal = 1;
    private long _nextNumber = 1;

    private Journal(string folder, JournalOptions options, TimeProvider? clock)
    {
        (_folder, _options, _fsync) = (folder, options, FsyncPolicy.Parse(options.Fsync));
        if (clock is null)
        {
            if (!Directory.Exists(folder))
            {
                throw new StoreException($"There is no journal in '{folder}'. Correct the path, or record one with 'qt record'.");
            }

            Load();
            FindGaps();
            return;
        }

        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The journal '{folder}' cannot be made: {e.Message}", e);
        }

        _lock = JournalLock.Take(folder);
        _timer = clock.CreateTimer(_ => SyncOnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Load();
        Recover();
        Retain();
        SealFull();
    }

    /// <summary>Opens a journal to write and read it; the folder is made when it is not there.</summary>
    /// <exception cref="StoreException">Somebody else writes it, or the disk refuses.</exception>
    public static Journal Open(string folder, JournalOptions options, TimeProvider clock) => new(folder, options, clock);

    /// <summary>Opens a journal to read it, whoever writes it.</summary>
    /// <exception cref="StoreException">It is not there.</exception>
    public static Journal OpenToRead(string folder, JournalOptions options) => new(folder, options, null);

    public string Folder => _folder;

    /// <summary>The segments in the order in which they were written.</summary>
    public Segment[] Segments => _segments;

    /// <summary>Numbers of types and streams of this run's segments.</summary>
    public SegmentNames Names => _names;

    /// <summary>What was found to be wrong, oldest first; the first hundred.</summary>
    public IReadOnlyList<string> Findings { get { lock (_gate) { return [.. _findings]; } } }

    /// <summary>Called before each write, for tests: what it throws, the disk has thrown.</summary>
    internal Action? Fault { get; set; }

    /// <summary>Bytes of all segments.</summary>
    public long Bytes => _segments.Sum(s => s.Bytes);

    /// <summary>Looks for what another process has written since.</summary>
    public void Refresh()
    {
        if (_lock is null)
        {
            Load();
        }
    }

    /// <summary>Appends the block and empties its builder.</summary>
    /// <exception cref="StoreException">The disk did not take it; nothing was appended, and it can be tried again.</exception>
    public void Write(BlockBuilder builder)
    {
        if (builder.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_lock is null, this);
            try
            {
                if (_file is null || (_position > _options.SegmentBytes - builder.Records.Length && _position > SegmentHeader.Bytes + 4096))
                {
                    Roll();
                }

                WriteNames();
                var block = builder.Finish(_position, _nextOrdinal, out var header);
                Fault?.Invoke();
                RandomAccess.Write(_file!, block, _position);
                _position += block.Length;
                _nextOrdinal += builder.Count;
                _active!.Added(in header, builder.Streams, null);
                builder.Clear();
                Written();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                CutOff();
                throw new StoreException($"The journal '{_folder}' cannot be written: {e.Message} Free some room; it goes on by itself.", e);
            }
        }
    }

    /// <summary>As the policy promises.</summary>
    public void Flush()
    {
        if (_fsync.Kind != FsyncKind.Never)
        {
            lock (_gate)
            {
                Sync();
            }
        }
    }

    /// <summary>Ends the segment that is written, so that everything so far can be compressed, copied or removed.</summary>
    public void EndSegment()
    {
        lock (_gate)
        {
            CloseActive();
        }
    }

    /// <summary>Puts all full segments into their compressed form; small ones that follow each other into one.</summary>
    public void Compact(Action<double>? progress = null)
    {
        WaitForSealing();
        var (all, done) = (Bytes, 0L);
        while (true)
        {
            List<Segment> group = [];
            long bytes = 0;
            lock (_gate)
            {
                foreach (var segment in _segments.Where(s => s != _active))
                {
                    if (group.Count > 0 && bytes + segment.Bytes > _options.SegmentBytes)
                    {
                        if (IsWorth(group))
                        {
                            break;
                        }

                        (group, bytes) = ([], 0);
                    }

                    group.Add(segment);
                    bytes += segment.Bytes;
                }
            }

            // A disk that is full would refuse the same group for ever.
            if (!IsWorth(group) || !Seal(group))
            {
                break;
            }

            done += bytes;
            progress?.Invoke(Math.Min(done / (double)all, 0.99));
        }

        lock (_gate)
        {
            Retain();
        }

        progress?.Invoke(1);
        static bool IsWorth(List<Segment> group) => group.Count > 1 || group is [{ IsSealed: false }];
    }

    /// <summary>Waits until what is compressed in the background is done.</summary>
    public void WaitForSealing()
    {
        Task sealing;
        lock (_gate)
        {
            sealing = _sealing;
        }

        sealing.Wait();
    }

    private void Load()
    {
        var known = _segments.ToDictionary(s => s.Path);
        var loaded = new List<Segment>();
        foreach (var path in Directory.GetFiles(_folder, "*.qtj").Order(StringComparer.Ordinal))
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
                Find($"{path} cannot be read: {problem}. Its events are missing; restore it from a backup, or move it away.");
            }

            _nextNumber = Math.Max(_nextNumber, long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number + 1 : 1);
        }

        // A merge that was cut short leaves segments whose records are in the one before too.
        _segments = [.. loaded.Where((s, i) => i == 0 || s.NextOrdinal > loaded.Take(i).Max(l => l.NextOrdinal) || s.NextOrdinal == s.Header.FirstOrdinal)];
        _nextOrdinal = loaded.Select(s => s.NextOrdinal).DefaultIfEmpty(1).Max();
    }

    // Sealing puts another file under the same name.
    private static bool IsReplaced(Segment segment)
    {
        using var now = File.OpenHandle(segment.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[SegmentHeader.Bytes];
        return RandomAccess.Read(now, bytes, 0) < bytes.Length || SegmentHeader.TryRead(bytes, out var header) is not null || header.IndexOffset != segment.Header.IndexOffset;
    }

    private void Recover()
    {
        foreach (var left in Directory.GetFiles(_folder, "*.tmp"))
        {
            File.Delete(left);
        }

        foreach (var path in Directory.GetFiles(_folder, "*.qtj").Except(_segments.Select(s => s.Path)).Where(p => Segment.TryOpen(p, out _) is { } s && s.NextOrdinal <= _nextOrdinal))
        {
            File.Delete(path);
        }

        FindGaps();
        foreach (var segment in _segments.Where(s => !s.IsSealed && s.Bytes > s.End))
        {
            Truncate(segment);
        }
    }

    private void FindGaps()
    {
        foreach (var gap in _segments.SelectMany(s => s.Gaps))
        {
            Find(gap.Reason + " What is whole around it is used; restore the segment from a backup to get the rest.");
        }
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
            Find($"{Path.GetFileName(segment.Path)}: the last {segment.Bytes - segment.End} bytes were never finished, because the writer was cut off; they were removed.");
        }

        RandomAccess.SetLength(file, segment.End);
    }

    private void Find(string finding)
    {
        if (_findings.Count < MostFindings && !_findings.Contains(finding))
        {
            _findings.Add(finding);
        }
    }

    private void Roll()
    {
        CloseActive();
        var path = Path.Combine(_folder, _nextNumber.ToString("D10", CultureInfo.InvariantCulture) + ".qtj");
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.None, _options.SegmentBytes);
        try
        {
            RandomAccess.Write(file, SegmentHeader.Write(new SegmentHeader { Number = _nextNumber, FirstOrdinal = _nextOrdinal }), 0);
            _active = Segment.TryOpen(path, out var problem) ?? throw new IOException(problem);
        }
        catch
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }

        (_file, _position, _writtenNames) = (file, SegmentHeader.Bytes, 0);
        _nextNumber++;
        _segments = [.. _segments, _active];
        Retain();
    }

    // The table only grows, so its size says whether it is new; it is written whole, so that any copy will do.
    private void WriteNames()
    {
        var count = _names.Types.Count + _names.Streams.Count;
        if (count == _writtenNames)
        {
            return;
        }

        AppendNames();
        _writtenNames = count;
    }

    private void AppendNames()
    {
        var json = _names.ToJson();
        var block = BlockBuilder.Meta(BlockHeader.NamesType, json, _position, _nextOrdinal, out var header);
        RandomAccess.Write(_file!, block, _position);
        _position += block.Length;
        _active!.Added(in header, 0, SegmentNames.TryParse(json));
    }

    private void Written()
    {
        _isDirty = true;
        if (_fsync.Kind == FsyncKind.Batch)
        {
            Sync();
        }
        else if (_fsync.Kind == FsyncKind.Interval && !_timerRuns)
        {
            _timerRuns = true;
            _timer!.Change(_fsync.Interval, Timeout.InfiniteTimeSpan);
        }
    }

    private void SyncOnTimer()
    {
        SafeFileHandle? file;
        lock (_gate)
        {
            (_timerRuns, file) = (false, _isDirty ? _file : null);
            _isDirty = false;
        }

        try
        {
            // Outside the lock: the writer goes on while the disk works.
            if (file is not null)
            {
                RandomAccess.FlushToDisk(file);
            }
        }
        catch (ObjectDisposedException)
        {
            // The segment ended meanwhile, and was flushed by that.
        }
        catch (IOException e)
        {
            lock (_gate)
            {
                Find($"The disk could not keep what was written to the journal '{_folder}': {e.Message}");
            }
        }
    }

    private void Sync()
    {
        if (_isDirty && _file is not null)
        {
            try
            {
                RandomAccess.FlushToDisk(_file);
            }
            catch (IOException e)
            {
                throw new StoreException($"The disk could not keep what was written to the journal '{_folder}': {e.Message}", e);
            }

            _isDirty = false;
        }
    }

    // Half a block behind the end would be found and reported as damage by whoever opens the journal next.
    private void CutOff()
    {
        try
        {
            if (_file is not null)
            {
                RandomAccess.SetLength(_file, _position);
            }
        }
        catch (IOException)
        {
            // The next append writes over it.
        }
    }

    private void CloseActive()
    {
        if (_file is null)
        {
            return;
        }

        try
        {
            // A second copy at the other end: a damaged table would cost the whole segment.
            AppendNames();
            RandomAccess.SetLength(_file, _position); // gives back what was allocated in advance
            if (_fsync.Kind != FsyncKind.Never)
            {
                RandomAccess.FlushToDisk(_file);
            }
        }
        catch (IOException e)
        {
            CutOff();
            Find($"{Path.GetFileName(_active!.Path)} could not be finished: {e.Message} Its events are there.");
        }

        _file.Dispose();
        (_file, _active, _isDirty) = (null, null, false);
        if (_options.Compress)
        {
            SealFull();
        }
    }

    private void SealFull()
    {
        if (_options.Compress)
        {
            _sealing = _sealing.ContinueWith(_ => SealAll(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void SealAll()
    {
        while (true)
        {
            Segment? next;
            lock (_gate)
            {
                next = _segments.FirstOrDefault(s => !s.IsSealed && s != _active);
            }

            if (next is null || !Seal([next]))
            {
                return;
            }
        }
    }

    private bool Seal(List<Segment> segments)
    {
        var target = segments[0].Path;
        try
        {
            Sealer.Write(segments, target + ".tmp");
            lock (_gate)
            {
                if (segments.Any(s => !_segments.Contains(s)))
                {
                    File.Delete(target + ".tmp"); // retention was faster
                    return true;
                }

                File.Move(target + ".tmp", target, overwrite: true);
                var whole = Segment.TryOpen(target, out var problem) ?? throw new IOException(problem);
                // A query may still read the old files: their handles close when nobody holds them any more.
                _segments = [.. _segments.Select(s => s == segments[0] ? whole : s).Except(segments.Skip(1))];
                foreach (var merged in segments.Skip(1))
                {
                    File.Delete(merged.Path);
                }
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            lock (_gate)
            {
                Find($"{Path.GetFileName(target)} could not be compressed: {e.Message} It stays as it is; 'qt store compact' tries again.");
            }

            return false;
        }
    }

    private void Retain()
    {
        var newest = _segments.Select(s => s.MaxTime).DefaultIfEmpty(long.MinValue).Max();
        var oldest = _options.RetentionDays > 0 && newest > long.MinValue ? newest - (long)(_options.RetentionDays * 86_400e9) : long.MinValue;
        var bytes = _segments.Sum(s => s.Bytes);
        var kept = new List<Segment>();
        foreach (var segment in _segments)
        {
            var isOver = _options.MaxBytes > 0 && bytes > _options.MaxBytes;
            if (segment != _active && segment.NextOrdinal > segment.Header.FirstOrdinal && (isOver || segment.MaxTime < oldest))
            {
                bytes -= segment.Bytes;
                File.Delete(segment.Path);
            }
            else
            {
                kept.Add(segment);
            }
        }

        _segments = [.. kept];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_lock is not null)
        {
            lock (_gate)
            {
                CloseActive();
            }

            WaitForSealing();
            _timer?.Dispose();
            _lock.Dispose();
        }

        foreach (var segment in _segments)
        {
            segment.File.Dispose();
        }
    }
}
