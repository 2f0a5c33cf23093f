using Microsoft.Win32.SafeHandles;

namespace QuantumTrader.Storage;

/// <summary>Tells the disk to keep what was written, when the policy says so.</summary>
internal sealed class DiskSync : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FsyncPolicy _policy;
    private readonly string _folder;
    private readonly JournalFindings _findings;
    private readonly ITimer _timer;
    private SafeFileHandle? _written;
    private bool _timerRuns;

    public DiskSync(FsyncPolicy policy, string folder, JournalFindings findings, TimeProvider clock)
    {
        (_policy, _folder, _findings) = (policy, folder, findings);
        _timer = clock.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when the policy wants the disk to keep a segment once it is full.</summary>
    public bool AtClose => _policy.Kind != FsyncKind.Never;

    /// <summary>Something was written to the file.</summary>
    /// <exception cref="StoreException">The policy is to wait for the disk, and it refuses.</exception>
    public void Written(SafeFileHandle file)
    {
        lock (_gate)
        {
            _written = file;
            if (_policy.Kind == FsyncKind.Interval && !_timerRuns)
            {
                _timerRuns = true;
                _timer.Change(_policy.Interval, Timeout.InfiniteTimeSpan);
            }
        }

        if (_policy.Kind == FsyncKind.Batch)
        {
            Flush();
        }
    }

    /// <summary>As the policy promises. The caller keeps the file open meanwhile.</summary>
    /// <exception cref="StoreException">The disk refuses.</exception>
    public void Flush()
    {
        lock (_gate)
        {
            if (_policy.Kind == FsyncKind.Never || _written is null)
            {
                return;
            }

            try
            {
                RandomAccess.FlushToDisk(_written);
            }
            catch (IOException e)
            {
                throw new StoreException(Problem(e), e);
            }

            _written = null;
        }
    }

    /// <summary>The file is closed, with all that it holds on the disk if the policy wants that.</summary>
    public void Closed()
    {
        lock (_gate)
        {
            _written = null;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        SafeFileHandle? file;
        lock (_gate)
        {
            (_timerRuns, file, _written) = (false, _written, null);
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
            _findings.Add(Problem(e));
        }
    }

    private string Problem(IOException e) => $"The disk could not keep what was written to the journal '{_folder}': {e.Message}";
}
