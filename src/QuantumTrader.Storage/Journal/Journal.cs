namespace QuantumTrader.Storage;

/// <summary>
/// A folder of segments: one is written, the others are only read. What <see cref="Write"/> has taken is there for every reader and
/// survives the end of the process; when it survives the end of the machine is the fsync policy's business.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly JournalOptions _options;
    private readonly JournalFindings _findings = new();
    private readonly SegmentFiles _files;
    private readonly JournalLock? _lock;
    private readonly DiskSync? _sync;
    private readonly Sealing _sealing;
    private ActiveSegment? _active;
    private long _nextOrdinal;

    private Journal(string folder, JournalOptions options, TimeProvider? clock)
    {
        (Folder, _options) = (folder, options);
        var policy = FsyncPolicy.Parse(options.Fsync);
        _files = new SegmentFiles(folder, _findings);
        _sealing = new Sealing(_files, options, _findings, _gate);
        if (clock is null)
        {
            if (!Directory.Exists(folder))
            {
                throw new StoreException($"There is no journal in '{folder}'. Correct the path, or record one with 'qt record'.");
            }

            _files.Load();
            _files.ReportGaps();
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
        _sync = new DiskSync(policy, folder, _findings, clock);
        _files.Load();
        _files.Recover();
        _nextOrdinal = _files.NextOrdinal;
        _files.Retain(options);
        _sealing.Start();
    }

    /// <summary>Opens a journal to write and read it; the folder is made when it is not there.</summary>
    /// <exception cref="StoreException">Somebody else writes it, or the disk refuses.</exception>
    public static Journal Open(string folder, JournalOptions options, TimeProvider clock) => new(folder, options, clock);

    /// <summary>Opens a journal to read it, whoever writes it.</summary>
    /// <exception cref="StoreException">It is not there.</exception>
    public static Journal OpenToRead(string folder, JournalOptions options) => new(folder, options, null);

    public string Folder { get; }

    /// <summary>The segments in the order in which they were written.</summary>
    public Segment[] Segments => _files.All;

    /// <summary>Numbers of types and streams of this run's segments.</summary>
    public SegmentNames Names { get; } = new();

    /// <summary>What was found to be wrong, oldest first; the first hundred.</summary>
    public IReadOnlyList<string> Findings => _findings.All;

    /// <summary>Called before each write, for tests: what it throws, the disk has thrown.</summary>
    internal Action? Fault { get; set; }

    /// <summary>Bytes of all segments.</summary>
    public long Bytes => _files.Bytes;

    /// <summary>Looks for what another process has written since.</summary>
    public void Refresh()
    {
        if (_lock is null)
        {
            _files.Load();
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
                if (_active is null || !_active.HasRoom(builder))
                {
                    CloseActive();
                    _active = _files.Begin(_nextOrdinal, _options.SegmentBytes);
                    _files.Retain(_options);
                }

                _active.Write(builder, Names, _nextOrdinal, Fault);
                _nextOrdinal += builder.Count;
                builder.Clear();
                _sync!.Written(_active.File);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _active?.CutOff();
                throw new StoreException($"The journal '{Folder}' cannot be written: {e.Message} Free some room; it goes on by itself.", e);
            }
        }
    }

    /// <summary>As the policy promises.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            _sync?.Flush();
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

    /// <summary>Puts all full segments into their compressed form; small ones that follow each other into one. Says what could not be.</summary>
    public IReadOnlyList<string> Compact(Action<double>? progress = null)
    {
        var problems = _sealing.Compact(progress);
        lock (_gate)
        {
            _files.Retain(_options);
        }

        return problems;
    }

    /// <summary>Waits until what is compressed in the background is done.</summary>
    public void WaitForSealing() => _sealing.Wait();

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
            _sync!.Dispose();
            _lock.Dispose();
        }

        foreach (var segment in Segments)
        {
            segment.File.Dispose();
        }
    }

    private void CloseActive()
    {
        if (_active is null)
        {
            return;
        }

        if (_active.Close(Names, _nextOrdinal, _sync!.AtClose) is { } problem)
        {
            _findings.Add(problem);
        }

        _sync.Closed();
        _files.End();
        _active = null;
        _sealing.Start();
    }
}
