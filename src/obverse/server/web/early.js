// Before the first paint, so that a chosen theme or language does not flash the other one.
{
  const root = document.documentElement;
  const theme = localStorage.getItem("theme");
  if (theme) root.dataset.theme = theme;
  const language = localStorage.getItem("language") ?? navigator.language;
  root.lang = /^zh/i.test(language) ? "zh" : "en";
}
