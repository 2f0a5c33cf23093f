using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace QuantumTrader.Storage;

/// <summary>Held by the one process that writes a journal; the system frees it when that process ends, however it ends.</summary>
internal sealed class JournalLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private JournalLock(SafeFileHandle file) => _file = file;

    /// <exception cref="StoreException">Another process, or another part of this one, writes the journal.</exception>
    public static JournalLock Take(string folder)
    {
        var path = Path.Combine(folder, "writer.lock");
        try
        {
            // Without sharing .NET takes an advisory lock on the file, which all its processes keep to.
            var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(PidFile(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new JournalLock(file);
        }
        catch (IOException e) when (Holder(path) is { } holder)
        {
            throw new StoreException(
                $"The journal '{folder}' is being written by process {holder}. One process writes a journal, any number read it: stop that one, or give this run another folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The journal '{folder}' cannot be written: {e.Message}", e);
        }
    }

    /// <summary>The process that holds it, as text; null when nobody does.</summary>
    public static string? Holder(string path)
    {
        try
        {
            using var free = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Text(path);
        }
    }

    // A file of its own: what is locked cannot even be opened to read it.
    private static string PidFile(string path) => Path.ChangeExtension(path, ".pid");

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(PidFile(path)) is { Length: > 0 } pid ? pid : "(unknown)";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "(unknown)";
        }
    }

    public void Dispose() => _file.Dispose();
}
