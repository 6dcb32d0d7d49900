import './theme.css';
import './parts.css';
import './panel.css';
import './pages.css';
import './charts.css';
import './log.css';
import './endpoint.css';
import './dialogs.css';
