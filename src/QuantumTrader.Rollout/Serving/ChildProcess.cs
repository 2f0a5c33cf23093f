using System.Collections;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// The process of a candidate: this program once more, connected by its standard streams alone. When this process goes, however it goes, the
/// system closes them, and the candidate ends.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private const int WordsKept = 16_384;
    private const int LinesTold = 5;
    private const int CharactersTold = 600;
    private static readonly TimeSpan ToEnd = TimeSpan.FromSeconds(1);

    // What a runtime needs to start; whatever else this process was given, such as a token, stays here.
    private static readonly string[] Inherited = ["PATH", "HOME", "TMPDIR", "TMP", "TEMP", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SystemRoot"];

    private readonly Process _process;
    private readonly Task _listening;
    private readonly byte[] _words = new byte[WordsKept];
    private readonly Lock _gate = new();
    private long _said;
    private bool _isKilled;

    private ChildProcess(Process process)
    {
        _process = process;
        _listening = ListenAsync(process.StandardError.BaseStream);
    }

    /// <summary>Processor time that it has used.</summary>
    public TimeSpan CpuTime => Dataflow.CpuTime.OfProcess(_process);

    /// <summary>Where it reads.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Where it writes.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Starts it. On a thread that nobody needs any more: one behind all others makes a process behind all others.</summary>
    /// <exception cref="IOException">It cannot be started.</exception>
    public static ChildProcess Start(int maxMegabytes, bool isBehind)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "qt.dll");
        // Published as one program it is started as one; else by the runtime that runs this process.
        var isOwn = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "qt";
        var start = new ProcessStartInfo(isOwn ? Environment.ProcessPath! : Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            CreateNoWindow = true,
        };
        foreach (var argument in isOwn ? [CandidateProcess.Command] : new[] { program, CandidateProcess.Command })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string name, Value: string value } && (Inherited.Contains(name) || name.StartsWith("DOTNET_", StringComparison.Ordinal)))
            {
                start.Environment[name] = value;
            }
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = ((long)maxMegabytes << 20).ToString("X", CultureInfo.InvariantCulture);
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        // No socket by which another process could look into it.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        try
        {
            if (isBehind)
            {
                ThreadRanks.Lower(ThreadRank.Behind);
            }

            return new ChildProcess(Process.Start(start)!);
        }
        catch (Exception e) when (e is Win32Exception or FileNotFoundException)
        {
            throw new IOException($"its process could not be started: {e.Message}", e);
        }
    }

    /// <summary>Ends it at once.</summary>
    public void Kill()
    {
        try
        {
            _isKilled = true;
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended meanwhile.
        }
    }

    /// <summary>It has closed its streams: waits for its end, and says how that was.</summary>
    public CandidateLoss End()
    {
        if (!_process.WaitForExit(ToEnd))
        {
            Kill();
            _process.WaitForExit();
        }

        _listening.Wait(ToEnd);
        var code = _process.ExitCode;
        var words = LastWords();
        // The runtime says so when an allocation fails; the system says nothing and kills.
        var isMemory = words.Contains("ut of memory", StringComparison.Ordinal) || (code == 137 && !_isKilled);
        var signal = code switch { 134 => " (aborted)", 137 => " (killed)", 139 => " (access violation)", _ => "" };
        return new CandidateLoss(isMemory ? LossReason.Memory : LossReason.Crash, string.Create(CultureInfo.InvariantCulture, $"its process ended with code {code}{signal}{(words.Length > 0 ? $", saying: {words}" : "")}"));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private string LastWords()
    {
        lock (_gate)
        {
            var begin = Math.Max(0, _said - WordsKept);
            var words = new byte[_said - begin];
            for (var i = 0; i < words.Length; i++)
            {
                words[i] = _words[(begin + i) % WordsKept];
            }

            // The runtime says in front of many frames what was wrong.
            var lines = Encoding.UTF8.GetString(words).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(l => !l.StartsWith("at ", StringComparison.Ordinal));
            var told = string.Join(" | ", lines.TakeLast(LinesTold));
            return told[..Math.Min(told.Length, CharactersTold)];
        }
    }

    // To its end, so that it never waits for us, and keeping only the last of it.
    private async Task ListenAsync(Stream errors)
    {
        var read = new byte[1024];
        int count;
        while ((count = await errors.ReadAsync(read).ConfigureAwait(false)) > 0)
        {
            lock (_gate)
            {
                for (var i = 0; i < count; i++)
                {
                    _words[_said++ % WordsKept] = read[i];
                }
            }
        }
    }
}
