using System.Diagnostics;

namespace QuantumTrader.Tests.Storage;

/// <summary>A test that needs a small disk: skipped where this user may not mount one.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> CanMount = new(() =>
    {
        using var folder = new TemporaryFolder();
        using var disk = SmallDisk.TryMount(Path.Combine(folder.Path, "disk"));
        return disk is not null;
    });

    public SmallDiskFactAttribute()
    {
        if (!CanMount.Value)
        {
            Skip = "needs a small disk, which only root may mount, on Linux: run the tests as root";
        }
    }
}

/// <summary>A disk of 3 MB; null where this user may not mount one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    public static SmallDisk? TryMount(string folder)
    {
        Directory.CreateDirectory(folder);
        return OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder) ? new SmallDisk(folder) : null;
    }

    public string Filler => Path.Combine(_folder, "filler");

    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // That was the aim.
        }
    }

    public void Dispose() => Run("umount", "-l", _folder).ShouldBeTrue();

    private static bool Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
