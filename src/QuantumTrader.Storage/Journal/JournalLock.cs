using System.Globalization;
using System.Text;
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
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), 0);
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

    private static string Text(string path)
    {
        try
        {
            using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return file.ReadToEnd() is { Length: > 0 } pid ? pid : "(unknown)";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "(unknown)";
        }
    }

    public void Dispose() => _file.Dispose();
}
