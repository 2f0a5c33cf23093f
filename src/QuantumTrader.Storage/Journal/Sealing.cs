namespace QuantumTrader.Storage;

/// <summary>Puts full segments into the form in which they are kept: one by one in the background, or all at once with small ones joined.</summary>
internal sealed class Sealing(SegmentFiles files, JournalOptions options, JournalFindings findings, Lock gate)
{
    private Task _background = Task.CompletedTask;

    /// <summary>Compresses what is full, in the background, if the journal is to compress at all. The caller holds the lock.</summary>
    public void Start()
    {
        if (options.Compress)
        {
            _background = _background.ContinueWith(_ => SealFull(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Waits until what is compressed in the background is done.</summary>
    public void Wait()
    {
        Task background;
        lock (gate)
        {
            background = _background;
        }

        background.Wait();
    }

    /// <summary>Compresses everything, and puts small segments that follow each other into one. Says what could not be, and leaves that as it is.</summary>
    public IReadOnlyList<string> Compact(Action<double>? progress)
    {
        Wait();
        var (all, done) = (files.Bytes, 0L);
        var (failed, problems) = (new HashSet<Segment>(), new List<string>());
        while (NextGroup(failed) is { Count: > 0 } group)
        {
            done += group.Sum(s => s.Bytes);
            if (TrySeal(group) is { } problem)
            {
                // A disk that is full would refuse the same group for ever.
                failed.UnionWith(group);
                problems.Add(problem);
            }

            progress?.Invoke(Math.Min(done / (double)all, 0.99));
        }

        progress?.Invoke(1);
        return problems;
    }

    private List<Segment> NextGroup(HashSet<Segment> failed)
    {
        List<Segment> group = [];
        var bytes = 0L;
        lock (gate)
        {
            foreach (var segment in files.Full)
            {
                if (failed.Contains(segment) || (group.Count > 0 && bytes + segment.Bytes > options.SegmentBytes))
                {
                    if (IsWorth(group))
                    {
                        return group;
                    }

                    (group, bytes) = ([], 0);
                }

                if (!failed.Contains(segment))
                {
                    group.Add(segment);
                    bytes += segment.Bytes;
                }
            }
        }

        return IsWorth(group) ? group : [];
        static bool IsWorth(List<Segment> group) => group.Count > 1 || group is [{ IsSealed: false }];
    }

    private void SealFull()
    {
        while (true)
        {
            Segment? next;
            lock (gate)
            {
                next = files.Full.FirstOrDefault(s => !s.IsSealed);
            }

            if (next is null || TrySeal([next]) is not null)
            {
                return;
            }
        }
    }

    // Null when it is done; else what kept it from that.
    private string? TrySeal(List<Segment> segments)
    {
        var target = segments[0].Path;
        var written = target + ".tmp";
        try
        {
            Sealer.Write(segments, [.. files.All.TakeWhile(s => s != segments[0])], written);
            lock (gate)
            {
                if (segments.Except(files.All).Any())
                {
                    File.Delete(written); // retention was faster
                }
                else
                {
                    files.Replace(segments, written);
                }
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            var problem = $"{Path.GetFileName(target)} could not be compressed: {e.Message} It stays as it is; 'qt store compact' tries again.";
            findings.Add(problem);
            return problem;
        }
    }
}
