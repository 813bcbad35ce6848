// What the panels of web/testdata/ages and web/testdata/gallery have to show.
const texts = (d) => d.texts.map((t) => t.text);
const named = (what, ask) => Object.assign(ask, { what });
const ticks = (...want) => named(`marks ${want.join(', ')}`, (d) => want.every((w) => texts(d).includes(w)));
const lines = (n) => named(`${n} lines`, (d) => new Set(d.strokes.filter((s) => !/rgba/.test(s.color)).map((s) => s.color)).size === n);
const colour = (c) => named(`a line in ${c}`, (d) => d.strokes.some((s) => s.color.toLowerCase() === c));

/** By dashboard and panel; texts after "!" must not be there. */
export const ages = {
  'age-01': { panels: { CPU: ['core 0', 'core 3'], About: ['Machine of idle'] } },
  'age-04': { panels: { Traffic: ['eth0'] } },
  'age-06': { panels: { Cores: ['4', 'cores'], Memory: ['16.0', 'GiB'], Alive: ['alive'], Absent: ['N/A', 'Why?'], Uptime: ['1.43', 'weeks'] }, without: ['Absent'] },
  'age-07': { panels: { Disks: ['Metric Free Most', '/var/lib 450 GiB 450 GiB', '/run 1004 MiB'] } },
  'age-08': { panels: { Modes: ['Name Mean', 'user 0.400', 'system 0.200', 'nice 0'], 'Both ways': ['device="eth0"'] } },
  'age-12': { panels: { 'Work of sda': ['sda'], 'Work of sdb': ['sdb'] }, absent: ['Saved copy'] },
  'age-13': { panels: { Load: ['kitchen:9100'], Alerts: ['Panels of the kind', 'alertlist'], Others: ['dashlist'] } },
  'age-14': { panels: { 'Cluster memory': ['25%'], Used: ['8.00', 'GiB'], Total: ['32.00', 'GiB'], 'Pods CPU usage': ['db-0 1.000 1.000', 'web-2 0.250 0.250'] }, absent: ['Processes'] },
  'age-16': { panels: { 'db-0': ['2', 'GiB'], 'web-1': ['256', 'MiB'], 'web-2': ['512', 'MiB'] }, absent: ['saved copy', 'Inside'] },
  'age-18': { panels: { Disk: ['60'], Series: ['/var/lib', '90%', '40%'], Spread: ['Combined'] } },
  'age-20': { panels: { Linked: ['kitchen:9100'], Latency: ['Heatmap of'] } },
  'age-22': { panels: { Pods: ['Memory', 'web-1', '256 MiB', '2 GiB', '!Value #B'], Phases: ['Running', '100%'] } },
  'age-25': { panels: { Requests: ['2xx', '10 req/s', '5xx', '1 req/s'], 'Answers 5xx': ['25%'], '95th percentile': ['colorgateway', 'colorteller'] } },
  'age-26': { panels: { Tasks: ['orders', '5', 'billing', '3'], Words: ['of 26'] } },
  'age-27': { panels: { Memory: ['billing', 'Mean: much', 'orders', 'Mean: 700 MB'], Services: ['Service Running billing 3 orders 5'] } },
  'age-30': { panels: { Counters: ['Last *', /\b2(\.00)? ops\/s/, '0.500 ops/s'], Half: ['half'], Buckets: ['Heatmap of'] } },
  'age-31': { panels: { Mixed: ['one', 'five', '!fifteen'], Phase: ['web-1', 'db-0', 'yes', '!no data'] } },
  'age-33': { panels: { Load: ['kitchen:9100', 'Annotation: High'] } },
  'age-36': { panels: { 'Memory in shop (3 pods)': ['db-0', '2 GiB', 'web-1', '256 MiB'] } },
  'age-37': { panels: { 'No legend': ['!kitchen'], 'By service': ['orders', '192', 'billing', '64'] } },
  'age-38': { panels: { Reserved: ['orders', '700 MB', 'billing', '1.50 GB', '!cloudwatch', '2.20 GB'], Canvas: ['canvas', 'are not drawn here'] } },
  'age-41': { panels: { Pressure: ['sda', /2[2-6]\.\d%/], Uptime: ['1.4', 'weeks'], Modes: ['user', 'idle', 'Mean'] } },
  'age-42': { panels: { Bits: [/Rx eth0 10(\.00)? Mb\/s/, 'Tx eth0', '!Rx lo'], Logs: ['logs', 'are not drawn here'] } },
  'age-library': { panels: { 'Load of five minutes': ['1.50'] } },
  'age-resource': { panels: { Fifteen: ['1.25'] } },
  'age-envelope': { panels: { Processes: ['3.0'] } },
};

const three = ['a:9100', 'b:9100', 'c:9100'];

export const shown = {
  'gallery-timeseries': {
    panels: {
      Plain: three, 'Two axes': three, Logarithmic: ['large', 'middle', 'small'], Painted: ['a:9100', 'bee', '!b:9100'],
      'Values in the legend': ['Last * Max Mean', 'a:9100 20.0% 20.0% 20.0%', 'c:9100 60.0% 60.0% 60.0%'],
      'Hidden from the legend': ['a:9100', '!b:9100', 'c:9100'], 'Without axes': ['!a:9100'], 'Two queries': ['bytes', 'seconds'],
    },
  },
  'gallery-values': {
    panels: {
      'Plain stat': ['42.5%'], 'On a background': ['a:9100 20%', 'b:9100 40%', 'c:9100 60%'], 'Mean, with a line': ['50%'], Change: ['Mil', '%'],
      'Mapped stat': ['on'], 'Nothing mapped': ['N/A'], 'Name alone': ['the name', '!42.5'], 'All values': ['60%', '40%', '!20%'],
      Gauge: ['42.5%', '30', '50'], 'Three gauges': ['20%', 'a:9100', '60%', 'c:9100'], 'Of percents': ['1.50 KiB'], 'Beyond its end': ['425%'],
      'Gradient bars': ['a:9100 20%', 'c:9100 60%'], 'LCD bars': ['a:9100 20%'], 'Basic bars, standing': ['a:9100', '60%'], 'Colours in turn': ['b:9100', '40%'],
    },
  },
  'gallery-tables': {
    panels: {
      'Units in cells': ['Machine Share a:9100 20.0% b:9100 40.0% c:9100 60.0%'], 'Coloured text': ['a:9100 20 b:9100 40'], 'Gauges in cells': ['a:9100 20%', 'c:9100 60%'],
      'Mapped cells': ['a:9100 fine', 'c:9100 down'], Sorted: ['c:9100 60 b:9100 40 a:9100 20'], 'With a footer': [/c:9100 60.*120/], 'A hidden column': ['Share 20 40 60', '!a:9100'],
      'Links in cells': ['a:9100 20'], 'No header': ['a:9100 20', '!Machine'], Reduced: ['Field Max Mean', 'a:9100 20% 20%'], Joined: ['instance Value #A Value #B', 'c:9100 60 0'],
      'Merged and calculated': ['instance both', 'a:9100 21', 'c:9100 60'], 'Filtered and grouped': ['code', '200 120'], 'Labels to fields': ['__name__', 'demo_share'],
    },
  },
  'gallery-shapes': {
    panels: {
      'Pie with names': ['c:9100 60 50%', 'a:9100 20 17%'], 'Donut with values': ['c:9100 60% 50%', 'a:9100 20% 17%'], 'Classic buckets': [/Heatmap of \d{3,} cells/], 'Native histogram': [/Heatmap of \d{3,} cells, counts from [\d.]+ to 2/],
      'Counted values': ['Heatmap of'], 'Bars by name': ['a:9100', '20%', '60%', '3 bars'], 'Stacked bars': ['6 bars', '200', '500'], Histogram: [...three, '10%', '50%'], 'Combined histogram': ['Combined'],
      States: ['fan', 'pump', 'on', 'idle', 'off'], 'States by threshold': ['< 30', '30+', '50+', '!10.1'], History: ['fan', 'pump', 'idle'],
      Markdown: ['Second', 'one', 'a link', '!owned'], HTML: ['Third', 'bold'], Code: ['<b>not bold</b>'], 'Not drawn': ['nodeGraph', 'are not drawn here'],
    },
  },
  'gallery-why': { panels: {}, without: ['No such metric', 'No such label', 'No such value', 'No such job', 'Not both', 'Not together'] },
  together: { panels: { Upper: ['a:9100', '90%', '50.0%'], Lower: three } },
};

/** What is on the canvases: marks of axes, and lines by their colours. */
export const axes = {
  'age-01': { CPU: [ticks('0%', '60%', '100%'), colour('#ff00ff')] },
  'age-04': { Traffic: [(d) => texts(d).includes('bytes'), (d) => texts(d).some((t) => t.includes('MB/s'))] },
  'age-13': { Load: colour('rgba(242, 73, 92, 0.7)') },
  'age-25': { '95th percentile': [(d) => d.strokes.some((s) => s.dash), ticks('10 ms', '100 ms')] },
  'age-37': { 'No legend': lines(1) },
  'age-41': { Modes: [ticks('0%', '100%'), (d) => d.fills.length >= 2] },
  'age-42': { Bits: [(d) => texts(d).some((t) => t.startsWith('-')), (d) => texts(d).some((t) => t.endsWith('Mb/s'))] },
  'gallery-timeseries': {
    Plain: [ticks('20%', '40%', '60%'), lines(3)], Stacked: [ticks('120', '60'), (d) => d.fills.length === 3], 'Stacked to a whole': ticks('0%', '100%'), Bars: (d) => d.fills.length >= 3,
    'Two axes': [ticks('20%', '64 B'), (d) => d.texts.some((t) => t.text === '64 B' && t.share > 0.7)], Logarithmic: ticks('1', '100', '10000'), 'Soft bounds': ticks('0', '200'), 'Hard bounds': ticks('40', '45'),
    'Threshold lines': [colour('rgba(255, 152, 48, 0.7)'), colour('rgba(242, 73, 92, 0.7)')], 'Below nothing': ticks('-20', '60'), Painted: [colour('#ff00ff'), (d) => d.strokes.some((s) => s.dash), (d) => d.strokes.some((s) => s.color === '#ff00ff' && s.width === 4)],
    Steps: ticks('off', 'on', 'idle'), 'A label on the axis': [ticks('memory', '0 B', '-1 KiB')], 'Without axes': (d) => d.texts.length === 0 && d.strokes.length >= 3, 'Two queries': ticks('1 KiB', '10 ms'), 'Hidden from the legend': lines(2),
  },
  'gallery-shapes': { 'Native histogram': ticks('1 s', '2 s', '4 s'), 'Classic buckets': ticks('+Inf', '500 ms', '10 ms') },
};
