using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Logging;

/// <summary>How the log is written.</summary>
internal enum LogForm
{
    /// <summary>Not at all.</summary>
    Off,

    /// <summary>A line for people.</summary>
    Text,

    /// <summary>A line of JSON.</summary>
    Json,
}

/// <summary>
/// The program's log, on standard error: events with stable codes, each site limited. A site is a block and a name; it gets a line at
/// once, and while it goes on, one that counts the others after a second, two, four, up to a minute.
/// </summary>
/// <param name="log">Where it is written.</param>
/// <param name="clock">Gives the pauses.</param>
/// <param name="least">The least level that is written; asked every time, because it may change while the run goes on.</param>
internal sealed class RunLog(ILogger log, TimeProvider clock, Func<LogLevel> least) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(string Source, string Name), Site> _sites = [];
    private readonly Dictionary<(string Block, string Code), long> _told = [];
    private readonly Lock _gate = new();

    private ILoggerFactory? _opened;

    /// <summary>A log that writes to standard error.</summary>
    public static RunLog Open(LogForm form, TimeProvider clock, Func<LogLevel> least)
    {
        var opened = Open(form);
        return new RunLog(opened.CreateLogger("qt"), clock, least) { _opened = opened };
    }

    /// <summary>Writes what is still to be written.</summary>
    public void Dispose() => _opened?.Dispose();

    private static ILoggerFactory Open(LogForm form) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(LogLevel.Trace);
        builder.AddFilter("Microsoft", LogLevel.Warning);
        if (form == LogForm.Off)
        {
            return;
        }

        if (form == LogForm.Json)
        {
            builder.AddJsonConsole(o => (o.UseUtcTimestamp, o.TimestampFormat) = (true, LineFormatter.TimeFormat));
        }
        else
        {
            builder.AddConsole(o => o.FormatterName = LineFormatter.FormatterName).AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        }

        builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
    });

    /// <summary>Tells an event; which one, its name says.</summary>
    /// <param name="name">Its name, as its class describes it.</param>
    /// <param name="source">The block or part that it is about.</param>
    /// <param name="message">What happened.</param>
    /// <param name="level">How much it matters this time; what its class says without it.</param>
    public void Tell(string name, string source, string message, LogLevel? level = null)
    {
        lock (_gate)
        {
            Tell(name, source, message, times: 1, level);
        }
    }

    /// <summary>Tells what the blocks have remarked since the last call, and how often sites were kept from telling more.</summary>
    public void Follow(GraphReport report)
    {
        lock (_gate)
        {
            foreach (var (count, note) in report.NoteTallies)
            {
                var told = _told.GetValueOrDefault((note.Block, note.Code));
                if (count > told)
                {
                    _told[(note.Block, note.Code)] = count;
                    Tell(note.Code, note.Block, note.Message, count - told, level: null);
                }
            }

            var now = clock.GetUtcNow();
            foreach (var (key, site) in _sites)
            {
                if (site.Kept > 0 && now >= site.SilentUntil)
                {
                    Write(key.Name, key.Source, site.Message, site.Kept, site.Level);
                    site.Told(now);
                }
                else if (now - site.SilentUntil > LongestPause)
                {
                    _sites.Remove(key);
                }
            }
        }
    }

    private void Tell(string name, string source, string message, long times, LogLevel? level)
    {
        var now = clock.GetUtcNow();
        if (!_sites.TryGetValue((source, name), out var site))
        {
            _sites[(source, name)] = site = new Site();
        }

        if (now < site.SilentUntil)
        {
            (site.Message, site.Level, site.Kept) = (message, level, site.Kept + times);
            return;
        }

        Write(name, source, message, site.Kept + times, level);
        site.Told(now);
    }

    private void Write(string name, string source, string message, long times, LogLevel? level)
    {
        var known = RunEvents.Find(name);
        var much = level ?? LevelOf(known);
        if (much >= least() && log.IsEnabled(much))
        {
            var id = known is null ? new EventId(0, name) : RunEvents.IdOf(known);
            var more = times > 1 ? string.Create(CultureInfo.InvariantCulture, $" ({times} times since the last line)") : "";
            log.Log(much, id, "{Code} {Source} {Event}: {Message}{More}", known?.Code ?? "-", source, name, message, more);
        }
    }

    private static LogLevel LevelOf(RunEventAttribute? known) => known?.Level switch
    {
        RunEventLevel.Information => LogLevel.Information,
        RunEventLevel.Error => LogLevel.Error,
        _ => LogLevel.Warning,
    };

    private sealed class Site
    {
        private TimeSpan _pause = FirstPause;

        public DateTimeOffset SilentUntil { get; private set; }

        public string Message { get; set; } = "";

        public LogLevel? Level { get; set; }

        public long Kept { get; set; }

        public void Told(DateTimeOffset now)
        {
            (Kept, SilentUntil) = (0, now + _pause);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }
}
