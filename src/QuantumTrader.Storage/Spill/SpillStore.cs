using System.Globalization;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>Options of the section <c>spill</c>.</summary>
public sealed record SpillOptions
{
    /// <summary>Folder for events that edges have no room for. Relative paths start at the pipeline's folder.</summary>
    public string Path { get; init; } = ".qt/spill";

    /// <summary>Bytes that all edges together may put there; beyond that events are dropped and counted.</summary>
    [Range(65_536, 1e15)]
    public long MaxBytes { get; init; } = 4L << 30;

    /// <summary>Size of one file; files are deleted as they are read.</summary>
    [Range(65_536, 1 << 30)]
    public long FileBytes { get; init; } = 16 << 20;
}

/// <summary>
/// The disk behind edges with <c>when_full: spill</c>. Each process has a folder of its own in it. What a process that was killed left
/// there is reported and removed: its place in the stream is gone with that run.
/// </summary>
[Section("spill", "Where edges with when_full: spill keep what they have no room for.")]
public sealed class SpillStore : ISpillStore, IDisposable
{
    private readonly SpillOptions _options;
    private readonly IEventFormats _formats;
    private readonly string _root;
    private string? _folder;
    private JournalLock? _lock;
    private long _bytes;

    /// <summary>Looks for what earlier runs left; makes no folder yet.</summary>
    public SpillStore(SpillOptions options, SectionContext files, IEventFormats formats)
    {
        (_options, _formats, _root) = (options, formats, files.Resolve(options.Path));
        Findings = RemoveLeftovers();
    }

    /// <summary>What earlier runs had left there.</summary>
    public IReadOnlyList<string> Findings { get; }

    /// <summary>Bytes of all edges now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <inheritdoc/>
    public ISpill<T> Open<T>(string edge) where T : struct, IEvent<T>
    {
        try
        {
            var codec = EventCodec<T>.Find(_formats) ?? throw new ConfigurationException("", $"The edge {edge} cannot spill: {typeof(T).Name} has no outside form. Choose another 'when_full' for it.");
            _folder ??= MakeFolder();
            var name = string.Concat(edge.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
            return new DiskSpill<T>(this, System.IO.Path.Combine(_folder, name), _options.FileBytes, codec);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StoreException)
        {
            throw new ConfigurationException("path", $"'{_root}' cannot hold spilled events: {e.Message}") { Outside = true };
        }
    }

    /// <summary>Asks for room; false when the limit is reached.</summary>
    internal bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= _options.MaxBytes)
        {
            return true;
        }

        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    internal void GiveBack(long bytes) => Interlocked.Add(ref _bytes, -bytes);

    // Two runs of one process, as in tests, have a folder each.
    private string MakeFolder()
    {
        for (var i = 1; ; i++)
        {
            var folder = System.IO.Path.Combine(_root, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{i}"));
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                _lock = JournalLock.Take(folder);
                return folder;
            }
        }
    }

    private List<string> RemoveLeftovers()
    {
        var findings = new List<string>();
        if (!Directory.Exists(_root))
        {
            return findings;
        }

        foreach (var folder in Directory.GetDirectories(_root).Order(StringComparer.Ordinal))
        {
            try
            {
                if (JournalLock.Holder(System.IO.Path.Combine(folder, "writer.lock")) is not null)
                {
                    continue;
                }

                var files = Directory.GetFiles(folder, "*.spill");
                var bytes = files.Sum(f => new FileInfo(f).Length);
                Directory.Delete(folder, recursive: true);
                if (bytes > 0)
                {
                    findings.Add($"A run that was cut off had left {bytes} bytes of spilled events in {folder}. They were never handled; the files were removed. What was recorded of that run is in its store.");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                findings.Add($"The leftovers in {folder} cannot be removed: {e.Message}");
            }
        }

        return findings;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lock?.Dispose();
        try
        {
            if (_folder is not null)
            {
                Directory.Delete(_folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next run finds it.
        }
    }
}
